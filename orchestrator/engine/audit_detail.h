/* The numbers that stand beside a command or verdict in the audit, as JSON. */
#ifndef ENGINE_AUDIT_DETAIL_H
#define ENGINE_AUDIT_DETAIL_H

#include "campaign.h"

#define AUDIT_DETAIL_SIZE 600

/* Members, in flight, and every other state of the whole campaign; {} before it is planned. */
void audit_detail_of_campaign(const struct campaign *campaign, char detail[AUDIT_DETAIL_SIZE]);

/* What the gate of a wave sees, and its limits. */
void audit_detail_of_wave(const struct campaign *campaign, int wave, char detail[AUDIT_DETAIL_SIZE]);

#endif
