/* What is known of a device's connection with the broker, and what a message changes in it: docs/protocol.md,
 * "Sessions". Pure. */
#ifndef CORE_PRESENCE_H
#define CORE_PRESENCE_H

#include <stdbool.h>

#include "session.h"

struct presence {
    bool online;
    bool awaits_hello; /* online, and the hello of this session has not come: nothing is offered */
    bool session_over; /* the end of the session was reported */
    struct device_session session;
    char boots[SESSION_RECENT_BOOTS_MAX][SESSION_BOOT_SIZE]; /* the newest first */
    int boot_count;
    bool said;        /* a message has said something of it: it is to be stored */
    bool was_offline; /* the connection ended in between, whatever it is now */
};

#define PRESENCE_BOOTS_SIZE (SESSION_RECENT_BOOTS_MAX * SESSION_BOOT_SIZE)

/* The BOOTIDs as one text with blanks between, and back. */
void presence_read_boots(struct presence *presence, const char *text);
void presence_write_boots(const struct presence *presence, char text[PRESENCE_BOOTS_SIZE]);

/* A presence message or last will. False where it is of an older connection, and changes nothing. A message
 * without a session, of firmware that knows none, cannot end a connection that has one. */
bool presence_connection(struct presence *presence, const struct device_session *said, bool online);

/* Whether a message is of an older session than the one that is known; not where it names none. */
bool presence_is_older(const struct presence *presence, const struct device_session *said);

/* Whether a message is of the present session, and its hello is stored: that says what runs. */
bool presence_has_said(const struct presence *presence, const struct device_session *said);

/* A hello. False where it is of an older connection: what it says of the running image is old, too. Boots
 * have no order of their own, and one that was never heard of may be stored last; so a hello that answers a
 * question is believed of any boot. */
bool presence_hello(struct presence *presence, const struct device_session *said, bool answers);

/* What a retained presence message says beside what is stored. It may be older, so that only the end of a
 * session is believed; else the device is asked. So is one of which the broker holds an earlier boot: boots
 * may have been stored in the wrong order. */
enum presence_census {
    PRESENCE_AGREES,
    PRESENCE_WENT, /* to be stored */
    PRESENCE_TO_BE_ASKED
};
enum presence_census presence_retained(struct presence *presence, const struct device_session *said,
                                       bool online);

#endif
