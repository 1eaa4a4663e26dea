/* The seed's "Upgrade local": an image is pushed to the device over the LAN, by HTTP, one connection at a
 * time.
 *
 *     GET  /upgrade?command=getuser   {"user_info":{"status":"200","user_bin":"user1.bin"}}: the slot that
 * runs POST /upgrade?command=start     the body is an update command, as MQTT brings one POST /upgrade (or
 * ?command=image) the body is the image of the other slot POST /upgrade?command=reset     restart, into the
 * trial once an image was taken
 *
 * The port owns the socket and feeds bytes; the image goes the way of a download, which asks the port for
 * HTTP: the port asks here first. A connection is one request, and ends with its answer. */
#ifndef LOCAL_UPGRADE_H
#define LOCAL_UPGRADE_H

#include "fota_agent.h"

#define LOCAL_LINE_SIZE 128u           /* of the request line and of each header line, with its end */
#define LOCAL_LINES_MAX 32u            /* of a request's head */
#define LOCAL_ANSWER_SIZE 256u         /* with its head */
#define LOCAL_SILENCE 10000u           /* milliseconds without a byte, then a connection is given up */
#define LOCAL_STEP_MILLISECONDS 60000u /* from one request to the next, then the push is over */

enum local_reading {
    LOCAL_CLOSED, /* no connection */
    LOCAL_HEAD,
    LOCAL_BODY,
    LOCAL_ANSWER, /* the answer is ready; what comes now is dropped */
};

enum local_request { LOCAL_GETUSER, LOCAL_START, LOCAL_IMAGE, LOCAL_RESET };

struct local_upgrade {
    struct fota_agent *agent;
    enum local_reading reading;
    enum local_request request;
    uint32_t lines;       /* of the head, so far */
    uint32_t line_length; /* of the line that comes in */
    int64_t length;       /* Content-Length, -1: not given */
    uint32_t received;    /* of the body */
    bool pushing;         /* a start was taken: the download in work is fed from here */
    bool asked;           /* and has asked for something: */
    enum fota_http_method method;
    bool taken;    /* the image is flagged; the reboot waits for reset */
    bool restarts; /* once the connection is closed */
    uint64_t due;  /* when the connection is given up or the push is over; FOTA_NEVER for none */
    uint32_t answer_length;
    char answer[LOCAL_ANSWER_SIZE];
    char line[LOCAL_LINE_SIZE];
    char body[FOTA_MESSAGE_SIZE]; /* of start */
};

/* At each boot, after fota_agent_start. `local` stays as long as the agent. */
void local_upgrade_start(struct local_upgrade *local, struct fota_agent *agent);

/* A connection came. False: there is one, or the agent is restarting; close the new one (LOCAL_BUSY_ANSWER
 * says why). */
bool local_upgrade_on_open(struct local_upgrade *local, uint64_t now);
/* Bytes came, any number of them. They may step the agent: ask fota_agent_wake_at afterwards. */
void local_upgrade_on_data(struct local_upgrade *local, uint64_t now, const char *bytes, uint32_t length);
/* It is closed, by whichever side. */
void local_upgrade_on_close(struct local_upgrade *local, uint64_t now);
/* After each step of the agent that did not come from here, and when local_upgrade_wake_at is due. */
void local_upgrade_continue(struct local_upgrade *local, uint64_t now);
uint64_t local_upgrade_wake_at(const struct local_upgrade *local);

/* What to send before the connection is closed, NULL while there is nothing yet; `length` 0: just close. */
const char *local_upgrade_answer(const struct local_upgrade *local, uint32_t *length);
extern const char local_upgrade_busy[]; /* for a second connection */

/* The port's functions of these names call them first. True: it is done, the port does nothing. */
bool local_upgrade_http_start(struct local_upgrade *local, enum fota_http_method method);
bool local_upgrade_http_stop(struct local_upgrade *local);
bool local_upgrade_reboot(struct local_upgrade *local);

#endif
