/* The transaction of one batch of reports, bare: the events by COPY, the last state of the targets, the sign
 * of life of the devices and the wave's counters by one statement each, into the tables of bare_tables.sql.
 */
#ifndef BENCH_BARE_BATCH_H
#define BENCH_BARE_BATCH_H

#include <libpq-fe.h>
#include <stddef.h>

#define BARE_ID_SIZE 65 /* of a device id, with its end */

PGconn *bare_batch_open(const char *url);
void bare_batch_store(PGconn *connection, char (*ids)[BARE_ID_SIZE], size_t count);

#endif
