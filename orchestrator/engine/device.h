/* One device, for what operators do to it. */
#ifndef ENGINE_DEVICE_H
#define ENGINE_DEVICE_H

#include "status.h"
#include "store.h"

/* Locks the device's row: one change of it at a time. STATUS_NOT_FOUND when there is no such device. */
enum status device_lock(struct store *store, const char *device, struct error *error) MUST_CHECK;

#endif
