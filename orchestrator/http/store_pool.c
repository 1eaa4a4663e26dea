#include "store_pool.h"

#include <pthread.h>
#include <stdlib.h>

struct store_pool {
    pthread_mutex_t lock;
    pthread_cond_t available;
    int free_count;
    int count;
    struct store **free;
};

struct store_pool *store_pool_create(const char *url, int count)
{
    struct store_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        abort();
    pool->free = calloc((size_t)count, sizeof(struct store *));
    if (pool->free == NULL)
        abort();
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->available, NULL);
    pool->count = pool->free_count = count;
    for (int i = 0; i < count; i++)
        pool->free[i] = store_create(url, "orchestratord http");
    return pool;
}

void store_pool_destroy(struct store_pool *pool)
{
    if (pool == NULL)
        return;
    for (int i = 0; i < pool->free_count; i++)
        store_destroy(pool->free[i]);
    pthread_cond_destroy(&pool->available);
    pthread_mutex_destroy(&pool->lock);
    free(pool->free);
    free(pool);
}

struct store *store_pool_take(struct store_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->free_count == 0)
        pthread_cond_wait(&pool->available, &pool->lock);
    struct store *store = pool->free[--pool->free_count];
    pthread_mutex_unlock(&pool->lock);
    return store;
}

void store_pool_give_back(struct store_pool *pool, struct store *store)
{
    pthread_mutex_lock(&pool->lock);
    pool->free[pool->free_count++] = store;
    pthread_cond_signal(&pool->available);
    pthread_mutex_unlock(&pool->lock);
}
