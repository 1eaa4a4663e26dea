/* What a request says of a campaign, as the engine takes it. */
#ifndef HTTP_API_NEW_H
#define HTTP_API_NEW_H

#include "api_request.h"
#include "operate.h"

/* Borrows the texts of `given`. */
struct campaign_new campaign_new_of(const struct api_campaign *given);

#endif
