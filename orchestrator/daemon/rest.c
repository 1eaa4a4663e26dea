#include "rest.h"

int rest_after_look(long long took)
{
    long long rest = took * REST_TIMES;
    if (rest < REST_LEAST)
        return REST_LEAST;
    return rest > REST_MOST ? REST_MOST : (int)rest;
}

long long rest_next_sweep(long long began, long long ended, int rest, bool more)
{
    long long long_rest = (ended - began) * SWEEP_REST_TIMES;
    long long most = more ? SWEEP_REST_MOST_WITH_MORE : SWEEP_REST_MOST;
    if (more && rest > SWEEP_REST)
        rest = SWEEP_REST;
    if (long_rest > most)
        long_rest = most;
    return ended + long_rest > began + rest ? ended + long_rest : began + rest;
}
