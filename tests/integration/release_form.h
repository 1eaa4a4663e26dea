/* For tests of releases over HTTP: a form, part by part, and what is asked of a release. */
#ifndef INTEGRATION_RELEASE_FORM_H
#define INTEGRATION_RELEASE_FORM_H

#include "http_fixture.h"

#define PTYPE "t45772"
#define FORM "Content-Type: multipart/form-data; boundary=BOUND\r\n"

enum { FORM_SIZE = 16 << 20 };
static char form[FORM_SIZE];
static size_t form_used;

/* --- a form, part by part --- */

static inline void text(const char *name, const char *value)
{
    form_used = add_part(form, form_used, name, "", value, strlen(value));
}

static inline void file(const char *name, const void *bytes, size_t size)
{
    form_used = add_part(form, form_used, name, "; filename=\"any\"", bytes, size);
}

static inline void begin(const char *version)
{
    form_used = 0;
    text("version", version);
}

/* Both images. Another seed gives other bytes. */
static inline void images(unsigned char seed)
{
    unsigned char image[256];
    file("user1.bin", image, make_image(image, 1, seed));
    file("user2.bin", image, make_image(image, 2, seed));
}

static inline struct reply upload(void)
{
    memcpy(form + form_used, "--BOUND--\r\n", 11);
    return request("POST", "/v1/firmware", operator_, FORM, form, form_used + 11);
}

static inline void expect_upload(const char *version, unsigned char seed)
{
    begin(version);
    images(seed);
    expect(upload(), 201, version);
}

static inline struct reply set_current(const char *token, const char *version, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/firmware/%s/current", version);
    return post(path, token, body);
}

static inline struct reply delete_as(const char *token, const char *version)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/firmware/%s", version);
    return request("DELETE", path, token, "", NULL, 0);
}

static inline long long count(const char *sql)
{
    return services_query_integer(database, sql);
}

#endif
