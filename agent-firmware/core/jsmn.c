/* The one place that carries jsmn's code; everybody else sees its declarations through json.h. */
#define JSMN_STRICT
#include <jsmn.h>
