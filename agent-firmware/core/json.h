/* Reading one JSON object with fixed memory: jsmn for the tokens, behind a check of the grammar (jsmn alone
 * lets much pass that is not JSON). */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

#define JSMN_HEADER
#include <jsmn.h>

#define JSON_TOKENS 64u /* values and member names in one message */
#define JSON_DEPTH 16u

struct json {
    const char *text;
    const jsmntok_t *tokens;
    int count;
};

/* Whether `text` is one JSON object (RFC 8259) of at most JSON_DEPTH levels, white space around it allowed.
 */
bool message_is_json(const char *text, uint32_t length);

/* Splits into tokens. False: not one JSON object, or more than JSON_TOKENS tokens. `text` and `tokens` must
 * outlive `json`. */
bool message_parse(struct json *json, const char *text, uint32_t length, jsmntok_t tokens[JSON_TOKENS]);

/* Index of the value of member `name` of the object at token `object` (0 is the message), -1 when missing. */
int message_member(const struct json *json, int object, const char *name);

/* Index of element `index` (from 0) of the array at `token`; -1 when it has no such element or is no array.
 */
int message_element(const struct json *json, int token, int index);
/* How many elements the array at `token` has; -1 when it is no array. */
int message_array_size(const struct json *json, int token);

bool message_is_object(const struct json *json, int token);
/* A non-negative integer without fraction or exponent, at most `max`. */
bool message_integer(const struct json *json, int token, uint64_t max, uint64_t *value);
/* A string with its escapes resolved and a zero byte. False: not a string, does not fit `size`, or holds a
 * character outside 0x01 to 0x7E. */
bool message_string(const struct json *json, int token, char *text, uint32_t size);

#endif
