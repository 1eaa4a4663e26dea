/* The running daemon: its threads, and how they start and stop. */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include "config.h"
#include "status.h"

/* Runs until SIGTERM or SIGINT, then drains and returns STATUS_OK. SIGHUP reads the configuration again from
 * `config_path` (NULL: the environment only). `config` is taken over and released by the caller. */
enum status run(struct config *config, const char *config_path, struct error *error) MUST_CHECK;

#endif
