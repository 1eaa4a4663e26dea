/* What the commands of tree.c do, one function each, and what they share. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include <stdbool.h>
#include <stdio.h>

#include "client.h"
#include "command_tree.h"

struct session {
    struct client *client; /* NULL until session_connect */
    bool json;
    FILE *out, *errors;
};

/* Prints an error as one line, and gives the exit code for it. */
enum exit_code session_fail(struct session *session, const struct error *error);
enum exit_code session_usage(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Finds URL and token and makes session->client. */
enum status session_connect(struct session *session, const struct arguments *arguments,
                            struct error *error) MUST_CHECK;

enum exit_code run_product_create(struct session *session, const struct arguments *arguments);
enum exit_code run_product_show(struct session *session, const struct arguments *arguments);
enum exit_code run_product_set(struct session *session, const struct arguments *arguments);
enum exit_code run_product_types(struct session *session, const struct arguments *arguments);
enum exit_code run_product_list(struct session *session, const struct arguments *arguments);
enum exit_code run_device_register(struct session *session, const struct arguments *arguments);
enum exit_code run_device_import(struct session *session, const struct arguments *arguments);
enum exit_code run_device_key(struct session *session, const struct arguments *arguments);
enum exit_code run_device_release(struct session *session, const struct arguments *arguments);
enum exit_code run_device_revoke_key(struct session *session, const struct arguments *arguments);
enum exit_code run_device_list(struct session *session, const struct arguments *arguments);
enum exit_code run_device_upgrade(struct session *session, const struct arguments *arguments);
enum exit_code run_device_push(struct session *session, const struct arguments *arguments);
enum exit_code run_device_reboot(struct session *session, const struct arguments *arguments);
enum exit_code run_device_show(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_upload(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_list(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_show(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_set_current(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_delete(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_sign(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_add_signature(struct session *session, const struct arguments *arguments);
enum exit_code run_firmware_verify(struct session *session, const struct arguments *arguments);
enum exit_code run_key_generate(struct session *session, const struct arguments *arguments);
enum exit_code run_key_register(struct session *session, const struct arguments *arguments);
enum exit_code run_key_list(struct session *session, const struct arguments *arguments);
enum exit_code run_key_show(struct session *session, const struct arguments *arguments);
enum exit_code run_key_revoke(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_create(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_list(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_show(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_targets(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_watch(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_plan(struct session *session, const struct arguments *arguments);
enum exit_code run_plan_show(struct session *session, const struct arguments *arguments);
enum exit_code run_plan_devices(struct session *session, const struct arguments *arguments);
enum exit_code run_plan_left_out(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_approve(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_rollback(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_command(struct session *session, const struct arguments *arguments);
enum exit_code run_campaign_order(struct session *session, const struct arguments *arguments);
enum exit_code run_policy_show(struct session *session, const struct arguments *arguments);
enum exit_code run_policy_check(struct session *session, const struct arguments *arguments);
enum exit_code run_fleet_status(struct session *session, const struct arguments *arguments);
enum exit_code run_audit_list(struct session *session, const struct arguments *arguments);
enum exit_code run_version(struct session *session, const struct arguments *arguments);
enum exit_code run_version_parse(struct session *session, const struct arguments *arguments);
enum exit_code run_version_compare(struct session *session, const struct arguments *arguments);
enum exit_code run_version_match(struct session *session, const struct arguments *arguments);
enum exit_code run_version_coexist(struct session *session, const struct arguments *arguments);
enum exit_code run_flash_map_list(struct session *session, const struct arguments *arguments);
enum exit_code run_flash_map_show(struct session *session, const struct arguments *arguments);
enum exit_code run_flash_map_build(struct session *session, const struct arguments *arguments);

#endif
