/* How many reports each device has sent in the present minute, in memory that does not grow with the fleet.
 *
 * Memory: 256 KB. A bucket holds the counters of four devices. A report of a fifth device takes one off each
 * of the four, and the fifth gets a counter when one is at zero (Misra and Gries, "Finding repeated
 * elements", 1982). So a count is never too high, and too low by at most a fifth of the reports of all
 * devices of its bucket: a device is never limited for what others send, and a device that floods is always
 * found. With 200,000 reports a minute a count is low by about ten. */
#ifndef ENGINE_DEVICE_RATE_H
#define ENGINE_DEVICE_RATE_H

#include <stdint.h>

struct device_rate;

/* NULL when memory is exhausted. Release with device_rate_destroy. Not for sharing between threads. */
struct device_rate *device_rate_create(void);
void device_rate_destroy(struct device_rate *rate);

/* Counts a report of the device with this hash (of 64 bits, evenly spread). Returns the device's count in
 * `minute`, at least 0. Minutes only grow; a new one begins with no counts. */
uint32_t device_rate_count(struct device_rate *rate, uint64_t device, int64_t minute);

#endif
