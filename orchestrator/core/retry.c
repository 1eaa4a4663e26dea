#include "retry.h"

#include <math.h>

bool retry_is_for(const struct retry_policy *retry, enum target_state outcome)
{
    switch (outcome) {
    case TARGET_REJECTED:
        return retry->on_rejected;
    case TARGET_FAILED:
        return retry->on_failed;
    case TARGET_REVERTED:
        return retry->on_reverted;
    case TARGET_SILENT:
        return retry->on_silent;
    default:
        return false;
    }
}

double retry_delay(const struct retry_policy *retry, int attempt)
{
    double delay = (double)retry->backoff_seconds * pow(retry->backoff_factor, attempt - 1);
    double most = (double)retry->backoff_max_seconds;
    return delay < most ? delay : most;
}
