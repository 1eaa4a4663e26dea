/* The queries beside these sources, each a file that psql runs too. */
#ifndef PROPERTY_SQL_H
#define PROPERTY_SQL_H

/* Runs tests/property/database/NAME.sql. The first value, NULL when there is none; release with free. */
char *sql_ask(const char *database_url, const char *name);

/* A database for the test: its clock, the product's migrations, the witness, and two releases above
 * FLEET_BASE_VERSION. */
void sql_make_database(char database_url[256]);

/* Takes the campaigns and devices of the last run away, and registers `devices` new ones. */
void sql_start_anew(const char *database_url, int devices);

void sql_move_clock(const char *database_url, int seconds);

#define FIRST_RELEASE "v1.1.0t45772(a)"
#define SECOND_RELEASE "v1.2.0t45772(a)"

#endif
