/* Real PostgreSQL and mosquitto for integration tests, private to this process and gone with it, however it
 * ends. Everything here fails the running test when something does not work. */
#ifndef HARNESS_SERVICES_H
#define HARNESS_SERVICES_H

struct services {
    char database_url[256]; /* of an empty database; see services_new_database */
    char mqtt_url[256];     /* as the orchestrator, which may do everything */
    char mqtt_host[64];
    int mqtt_port;
    char directory[128]; /* for files of the test; removed at the end */
};

/* Starts them at the first call; the same ones after that. */
const struct services *services_start(void);

/* A fresh database with all migrations applied. Writes its connection string to `url`. */
void services_new_database(char url[256]);

/* A fresh database with nothing in it. */
void services_empty_database(char url[256]);

/* Runs one SQL statement. The first value as text, NULL when there is none; release with free. */
char *services_query(const char *url, const char *sql);
long long services_query_integer(const char *url, const char *sql);

/* kill -9 of "postgres" or "mosquitto", and a start of what does not run, on the same port with the same
 * data. */
void services_kill(const char *program);
void services_revive(void);

#endif
