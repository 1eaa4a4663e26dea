/* The handlers of the routes. Each fills request->answer, or returns an error that becomes the answer. */
#ifndef HTTP_HANDLERS_H
#define HTTP_HANDLERS_H

#include "status.h"

struct http_request;
typedef enum status (*http_handler)(struct http_request *request, struct error *error);

/* api_health.c */
enum status handle_health(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_ready(struct http_request *request, struct error *error) MUST_CHECK;

/* api_product.c */
enum status handle_product_list(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_product_create(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_product_show(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_product_change(struct http_request *request, struct error *error) MUST_CHECK;

/* api_device.c */
enum status handle_device_list(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_device_register(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_device_release(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_device_show(struct http_request *request, struct error *error) MUST_CHECK;

/* api_device_key.c */
enum status handle_device_key_issue(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_device_key_revoke(struct http_request *request, struct error *error) MUST_CHECK;

/* api_firmware.c */
enum status handle_firmware_list(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_firmware_upload(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_firmware_show(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_firmware_set_current(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_firmware_delete(struct http_request *request, struct error *error) MUST_CHECK;

enum status handle_signature_add(struct http_request *request, struct error *error) MUST_CHECK;

/* api_call.c */
enum status handle_device_reboot(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_rpc(struct http_request *request, struct error *error) MUST_CHECK;

/* api_public_key.c */
enum status handle_key_list(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_key_register(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_key_show(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_key_revoke(struct http_request *request, struct error *error) MUST_CHECK;

/* image_server.c */
enum status handle_image(struct http_request *request, struct error *error) MUST_CHECK;

/* rom_server.c */
enum status handle_rom(struct http_request *request, struct error *error) MUST_CHECK;

/* api_campaign.c */
enum status handle_campaign_list(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_campaign_create(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_campaign_show(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_campaign_targets(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_campaign_approve(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_campaign_command(struct http_request *request, struct error *error) MUST_CHECK;

/* api_plan.c */
enum status handle_plan_create(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_plan_show(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_plan_devices(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_plan_left_out(struct http_request *request, struct error *error) MUST_CHECK;

/* api_rollback.c */
enum status handle_rollback_plan(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_rollback_devices(struct http_request *request, struct error *error) MUST_CHECK;

/* api_fleet.c */
enum status handle_fleet_status(struct http_request *request, struct error *error) MUST_CHECK;
enum status handle_audit_list(struct http_request *request, struct error *error) MUST_CHECK;

#endif
