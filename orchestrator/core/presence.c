#include "presence.h"

#include <stdio.h>
#include <string.h>

void presence_read_boots(struct presence *presence, const char *text)
{
    size_t length = strlen(text);
    presence->boot_count = 0;
    for (size_t at = 0;
         at + SESSION_BOOT_SIZE - 1 <= length && presence->boot_count < SESSION_RECENT_BOOTS_MAX;
         at += SESSION_BOOT_SIZE) {
        char *boot = presence->boots[presence->boot_count++];
        memcpy(boot, text + at, SESSION_BOOT_SIZE - 1);
        boot[SESSION_BOOT_SIZE - 1] = '\0';
    }
}

void presence_write_boots(const struct presence *presence, char text[PRESENCE_BOOTS_SIZE])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < presence->boot_count; i++)
        used += (size_t)snprintf(text + used, PRESENCE_BOOTS_SIZE - used, "%s%s", i > 0 ? " " : "",
                                 presence->boots[i]);
}

static enum session_order compare(const struct presence *presence, const struct device_session *said)
{
    const char *boots[SESSION_RECENT_BOOTS_MAX];
    for (int i = 0; i < presence->boot_count; i++) {
        boots[i] = presence->boots[i];
        /* It runs firmware without sessions by now: this is of an earlier boot. */
        if (presence->session.number == 0 && strcmp(boots[i], said->boot) == 0)
            return SESSION_OLDER;
    }
    return session_compare(&presence->session, boots, (size_t)presence->boot_count, said);
}

/* Its BOOTID goes to the front; the oldest is forgotten. */
static void adopt(struct presence *presence, const struct device_session *said)
{
    int place = 0;
    while (place < presence->boot_count && strcmp(presence->boots[place], said->boot) != 0)
        place++;
    if (place == SESSION_RECENT_BOOTS_MAX)
        place--;
    else if (place == presence->boot_count)
        presence->boot_count++;
    memmove(presence->boots[1], presence->boots[0], (size_t)place * sizeof presence->boots[0]);
    memcpy(presence->boots[0], said->boot, sizeof presence->boots[0]);
    presence->session = *said;
    presence->session_over = false;
    presence->was_offline = true; /* a connection of one client id ends the one before */
}

static void come(struct presence *presence, bool hello)
{
    presence->awaits_hello = !hello && (!presence->online || presence->awaits_hello);
    presence->online = true;
}

static void go(struct presence *presence)
{
    presence->online = presence->awaits_hello = false;
    presence->was_offline = true;
}

static void forget_session(struct presence *presence)
{
    presence->session = (struct device_session){0};
    presence->session_over = false;
}

bool presence_connection(struct presence *presence, const struct device_session *said, bool online)
{
    bool has_session = presence->session.number > 0;
    if (said->number == 0) {
        if (has_session && !online)
            return false;
        if (has_session) { /* other firmware, and another connection */
            forget_session(presence);
            go(presence);
        }
    } else {
        enum session_order order = compare(presence, said);
        if (order == SESSION_OLDER || (order == SESSION_SAME && presence->session_over))
            return false;
        if (order == SESSION_NEWER) {
            adopt(presence, said);
            presence->online = false;
        }
        presence->session_over = !online;
    }
    presence->said = true;
    if (online)
        come(presence, false);
    else
        go(presence);
    return true;
}

bool presence_is_older(const struct presence *presence, const struct device_session *said)
{
    return said->number > 0 && compare(presence, said) == SESSION_OLDER;
}

bool presence_has_said(const struct presence *presence, const struct device_session *said)
{
    return said->number > 0 && presence->online && !presence->awaits_hello &&
           compare(presence, said) == SESSION_SAME;
}

bool presence_hello(struct presence *presence, const struct device_session *said, bool answers)
{
    if (said->number == 0) {
        forget_session(presence);
    } else {
        enum session_order order = compare(presence, said);
        bool is_other_boot = strcmp(said->boot, presence->session.boot) != 0;
        if (order == SESSION_OLDER && !(answers && is_other_boot))
            return false;
        if (order != SESSION_SAME)
            adopt(presence, said);
    }
    presence->said = true;
    if (!presence->session_over)
        come(presence, true);
    return true;
}

enum presence_census presence_retained(struct presence *presence, const struct device_session *said,
                                       bool online)
{
    if (said->number == 0) {
        if (online == presence->online && (!online || presence->session.number == 0))
            return PRESENCE_AGREES;
        return presence->online && presence->awaits_hello ? PRESENCE_AGREES : PRESENCE_TO_BE_ASKED;
    }
    enum session_order order = compare(presence, said);
    bool is_other_boot = strcmp(said->boot, presence->session.boot) != 0;
    if (order == SESSION_OLDER && !(online && is_other_boot))
        return PRESENCE_AGREES;
    if (order == SESSION_SAME && (presence->session_over || presence->online == online))
        return PRESENCE_AGREES;
    if (online)
        return PRESENCE_TO_BE_ASKED;
    bool was_online = presence->online;
    presence_connection(presence, said, false);
    return was_online ? PRESENCE_WENT : PRESENCE_AGREES;
}
