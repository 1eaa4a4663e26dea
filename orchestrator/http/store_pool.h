/* A few database connections that are lent to one request at a time. */
#ifndef HTTP_STORE_POOL_H
#define HTTP_STORE_POOL_H

#include "store.h"

struct store_pool;

/* `count` connections, none of them made before its first use. Release with store_pool_destroy. */
struct store_pool *store_pool_create(const char *url, int count);
void store_pool_destroy(struct store_pool *pool); /* NULL is fine; every store must be back */

/* Waits until one is free. Never NULL. */
struct store *store_pool_take(struct store_pool *pool);
void store_pool_give_back(struct store_pool *pool, struct store *store);

#endif
