/* The words of a policy's JSON document, for its reader and its writer. */
#ifndef WIRE_POLICY_WORDS_H
#define WIRE_POLICY_WORDS_H

#include "policy.h"

static const char *const offline_words[] = {[OFFLINE_SKIP] = "skip", [OFFLINE_FAIL] = "fail"};
static const char *const on_pause_words[] = {
    [ON_PAUSE_KEEP_DOWNLOADS] = "keep_downloads", [ON_PAUSE_STOP_DOWNLOADS] = "stop_downloads"};
static const char *const on_halt_words[] = {[ON_HALT_PAUSE] = "pause", [ON_HALT_ROLLBACK] = "rollback"};
static const char *const gate_words[] = {[GATE_THRESHOLD] = "threshold", [GATE_SEQUENTIAL] = "sequential"};
static const char *const undecided_words[] = {[UNDECIDED_HALT] = "halt", [UNDECIDED_PROMOTE] = "promote"};

#define APPROVAL_START "start" /* what is approved, beside waves */

enum { RETRY_OUTCOMES = 4 };
static const char *const outcome_words[RETRY_OUTCOMES] = {"rejected", "failed", "reverted", "silent"};

#endif
