/* Every command of orchestratorctl: one row each. */
#include "commands.h"

static const char exit_codes[] =
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the server cannot be reached (device push: or\n"
    "the device), 4 the campaign halted (campaign watch).\n"
    "After -- every word is an argument and no option: device show -- --odd\n";

const struct option command_global[] = {
    {"url", "URL", "the orchestrator; else $ORCHESTRATOR_URL", false},
    {"token-file", "FILE", "file that holds the token; else $ORCHESTRATOR_TOKEN", false},
    {"json", NULL, "print the server's JSON, one document", false},
    {"help", NULL, "print this help", false},
    {0}};

#define LIMIT_OPTION                                                                                         \
    {                                                                                                        \
        "limit", "N", "at most so many; all when not given", false                                           \
    }
#define REASON_OPTION                                                                                        \
    {                                                                                                        \
        "reason", "TEXT", "goes to the audit", false                                                         \
    }

#define KEY_BIN_OPTION                                                                                       \
    {                                                                                                        \
        "key-bin", "FILE", "write its key there as master_device_key.bin; in DIR/ as KEY.bin", false         \
    }

static const struct option limit_options[] = {LIMIT_OPTION, {0}};
static const struct option reason_options[] = {REASON_OPTION, {0}};

#define PRODUCT_OPTIONS                                                                                      \
    {"description", "TEXT", "what it is", false}, {"serial", "SERIAL", "unique when given", false},          \
        {"version-scheme", "SCHEME", "of its versions: seed or semver; one for all products of a ptype",     \
         false},                                                                                             \
        {"max-version", "V", "no release above it is stored or offered; such as v1.4.0", false},             \
        {"private", NULL, "not for others to see", false},                                                   \
    {                                                                                                        \
        "require-signature", NULL, "only signed releases", false                                             \
    }

static const struct option product_create_options[] = {
    {"name", "NAME", "unique; made from its number when not given", false},
    {"ptype", "P", "product type, as in the version v1.1.0tPTYPE(a); 0 when not given", false},
    PRODUCT_OPTIONS,
    {"deployed", NULL, "status 2, deployed; else 1, under development", false},
    {0}};

static const struct option product_set_options[] = {
    PRODUCT_OPTIONS,
    {"public", NULL, "for others to see", false},
    {"no-require-signature", NULL, "also releases without a signature", false},
    {"no-max-version", NULL, "releases of any version", false},
    {"no-serial", NULL, "it has none", false},
    {"status", "STATUS", "developing or deployed", false},
    {0}};

static const struct command product_commands[] = {
    {"create", "create a product", NULL, run_product_create, NULL, 0, 0, product_create_options,
     "Any ptype may be used. Known ones are 45772 (smart light), 23701 (smart plug) and 12335 (sensor); see\n"
     "product types. The scheme is seed when not given (v1.1.0t45772(a)), or semver (1.4.0-rc.1t45772(a)).\n"},
    {"list", "list products", NULL, run_product_list, NULL, 0, 0, limit_options, NULL},
    {"show", "show one product: devices, how many are activated, releases", NULL, run_product_show, "NAME", 1,
     1, NULL, "NAME is its name, its number or its serial.\n"},
    {"set", "change a product", NULL, run_product_set, "NAME", 1, 1, product_set_options,
     "NAME is its name, its number or its serial. The version scheme is that of the ptype, and so of all its\n"
     "products; it can be changed while there is no release, and no device whose version is known.\n"
     "Example: product set lamp --max-version v1.4.0 --status deployed\n"},
    {"types", "list known product types; needs no server", NULL, run_product_types, NULL, 0, 0, NULL,
     "Numbers that Espressif gave out. SOURCE: the FOTA guide, the SDK's IoT_Demo, or Espressif's app.\n"},
    {0}};

static const struct option device_register_options[] = {
    {"ptype", "P", "product type (required)", false},
    {"version", "V", "what it runs now, if known", false},
    {"product", "NAME", "needed when the product type has several products", false},
    {"tag", "T", "a word to select it by", true},
    {"flash-kb", "KB", "size of its flash: 512, 1024, 2048, 4096, 8192 or 16384", false},
    {"flash-map", "M", "how it is divided: 256+256, 512+512 or 1024+1024", false},
    KEY_BIN_OPTION,
    {0}};

static const struct option device_import_options[] = {
    {"keys", "OUT.csv", "where to write the keys that are made: id,key", false}, {0}};

static const struct option device_key_options[] = {
    KEY_BIN_OPTION,
    {"owner", NULL, "the key with which its owner may send it calls", false},
    REASON_OPTION,
    {0}};

static const struct option device_revoke_key_options[] = {
    {"owner", NULL, "its owner's key instead of its own", false}, {0}};

static const struct option device_list_options[] = {{"ptype", "P", "only of this product type", false},
                                                    {"tag", "T", "only with this tag", false},
                                                    {"version", "V", "only those that run it", false},
                                                    LIMIT_OPTION,
                                                    {0}};

static const struct option device_upgrade_options[] = {
    {"to", "VERSION", "what it is to run: an uploaded release (required)", false},
    {"wait", "SECONDS", "for its answer, 1 to 86400; 30 when not given", false},
    {"policy", "FILE", "how it goes; one wave, no soak, when not given", false},
    {0}};

static const struct option device_push_options[] = {
    {"to", "VERSION", "what it is to run: an uploaded release of class l or a (required)", false},
    {"address", "HOST:PORT", "where the device listens on the LAN (required)", false},
    {"wait", "SECONDS", "until it has confirmed, 1 to 86400; 60 when not given", false},
    {0}};

static const struct option device_reboot_options[] = {
    {"wait", "SECONDS", "for its acknowledgement, 1 to 50; 10 when not given", false}, REASON_OPTION, {0}};

static const struct command device_commands[] = {
    {"register", "register one device", NULL, run_device_register, "ID", 1, 1, device_register_options,
     "Makes the device's master key, and shows it this once, or writes it to --key-bin, a file for\n"
     "flash-map build --key. A file that exists is not replaced.\n"},
    {"import", "register the devices of a CSV file", NULL, run_device_import, "FILE.csv", 1, 1,
     device_import_options,
     "The first line names the columns: id,ptype[,version][,product][,tags][,key][,flash_kb][,flash_map]; all\n"
     "but id and ptype may be empty, tags are separated by spaces or semicolons. \"-\" reads standard input.\n"
     "All devices are registered, or none; every bad line is named before anything is sent.\n"
     "A device without a key (40 hexadecimal digits) gets one; --keys writes those that are made into a new\n"
     "file for its owner only. Without it they are not shown: device key makes others later.\n"},
    {"key", "make a new key for a device, in place of the one it has", NULL, run_device_key, "ID", 1, 1,
     device_key_options,
     "The old key is unknown at once: a device that has it in its flash must be given the new one.\n"},
    {"release", "let a quarantined device take part again", NULL, run_device_release, "ID", 1, 1,
     reason_options,
     "A device that fails again and again is quarantined where a campaign's policy says so (flapping): device show\n"
     "says until when. Its failures so far are forgotten.\n"},
    {"revoke-key", "revoke the key of a device", NULL, run_device_revoke_key, "ID", 1, 1,
     device_revoke_key_options, NULL},
    {"list", "list devices", NULL, run_device_list, NULL, 0, 0, device_list_options, NULL},
    {"show", "show one device, its running update and its last events", NULL, run_device_show, "ID", 1, 1,
     NULL, NULL},
    {"reboot", "restart one device, and wait for its acknowledgement", NULL, run_device_reboot, "ID", 1, 1,
     device_reboot_options,
     "Exit code 0 when the device has acknowledged and restarts; 1 when it is offline, busy with an update, or\n"
     "does not answer in time (it may restart all the same).\n"},
    {"upgrade", "offer a release to one device, and say what it answers", NULL, run_device_upgrade, "ID", 1,
     1, device_upgrade_options,
     "Creates and starts a campaign of this device alone, upgrade-ID-..., and waits for the device's answer.\n"
     "Exit code 0 when it has accepted: the download goes on, follow it with campaign watch. 1 when it\n"
     "rejects, is silent or does not answer in time (the campaign then still waits for it), and when the\n"
     "release is not newer. With --json the device's document in the campaign is printed.\n"
     "Example: device upgrade lamp-7 --to 'v1.1.0t45772(a)'\n"},
    {"push", "upgrade one device over the LAN, from here", NULL, run_device_push, "ID", 1, 1,
     device_push_options,
     "Takes the release from the server and carries the image of the device's other slot to the device, which\n"
     "checks all of it as it does with one that it downloads itself. No campaign is made. Then waits until the\n"
     "device has told the server what it runs. A device that is busy is asked again for --wait seconds.\n"
     "Exit code 0 when it runs the release and has confirmed it; 1 when it refuses, goes back to what it ran,\n"
     "or has not confirmed in time (it may still); 3 when the server or the device cannot be reached.\n"
     "Example: device push lamp-7 --to 'v1.1.0t45772(a)' --address 192.168.4.1:80\n"},
    {0}};

#define STRICT_OPTION                                                                                        \
    {                                                                                                        \
        "strict", NULL, "refuse it, instead of warning, when its images do not seem to belong together",     \
            false                                                                                            \
    }

static const struct option firmware_upload_options[] = {
    {"notes", "TEXT", "release notes", false},
    {"corename", "NAME", "of what it is built on, such as its SDK", false},
    {"codename", "NAME", "of the release", false},
    {"current", NULL, "make it the current release of its product type at once", false},
    STRICT_OPTION,
    {"signature", "FILE.json", "made by firmware sign; it says sequence and requires too", false},
    {"sequence", "N", "0 to 4294967295; devices may refuse a lower one than they had", false},
    {"requires", "VERSION", "the lowest version that may go straight to it", false},
    {0}};

static const struct option firmware_sign_options[] = {
    {"key", "FILE.pem", "the private key (required)", false},
    {"output", "FILE.json", "the signature to write (required)", false},
    {"passphrase-file", "FILE", "whose first line opens the key", false},
    {"sequence", "N", "0 to 4294967295; 0 when not given", false},
    {"requires", "VERSION", "the lowest version that may go straight to it", false},
    {"force", NULL, "replace the output if it exists", false},
    STRICT_OPTION,
    {0}};

static const struct option firmware_verify_options[] = {
    {"key", "PUB.pem", "the public key that must have signed it; the server's registered ones when not given",
     false},
    {0}};

static const struct command firmware_commands[] = {
    {"upload", "upload a release: its version and its files", NULL, run_firmware_upload, "VERSION FILE...", 2,
     ARGUMENTS_MAX, firmware_upload_options,
     "At most 10 files, in any directories, known by their names. A release that devices can be upgraded to (class o, l or a) has\n"
     "user1.bin (slot 1) and user2.bin (slot 2); one of class n has eagle.flash.bin, eagle.irom0text.bin or\n"
     "both. Further files of up to 1 MiB are stored as they are.\n"
     "Images that do not seem to be of one program, or of this release, are warned of: see docs/releases.md.\n"
     "Example: firmware upload 'v1.1.0t45772(a)' user1.bin user2.bin --current\n"},
    {"sign", "sign a release, before or after its upload; needs no server", NULL, run_firmware_sign,
     "VERSION FILE...", 2, ARGUMENTS_MAX, firmware_sign_options,
     "The files are those of the upload, and are checked as there. What is signed is the release's manifest:\n"
     "see docs/signing.md.\n"
     "Example: firmware sign 'v1.1.0t45772(a)' user1.bin user2.bin --key release.pem --output release.json\n"},
    {"add-signature", "add a further key's signature to an uploaded release", NULL,
     run_firmware_add_signature, "VERSION FILE.json", 2, 2, NULL,
     "For the change of keys: sign with the new one, add it, revoke the old one.\n"},
    {"verify", "check the signatures of an uploaded release here, not on the server", NULL,
     run_firmware_verify, "VERSION", 1, 1, firmware_verify_options,
     "Exit code 0 when a key in force (or the given one) has signed what the server has stored, else 1.\n"
     "Without --key the public keys come from the server too.\n"},
    {"list", "list firmware", NULL, run_firmware_list, NULL, 0, 0, limit_options, NULL},
    {"show", "show one firmware and its files", NULL, run_firmware_show, "VERSION", 1, 1, NULL, NULL},
    {"set-current", "make a release the current one of its product type", NULL, run_firmware_set_current,
     "VERSION", 1, 1, reason_options,
     "device show says which devices it could upgrade. Nothing is offered to any: that is for campaigns.\n"},
    {"delete", "delete a release that nothing uses", NULL, run_firmware_delete, "VERSION", 1, 1, NULL,
     "Refused while it is current, a campaign has it, or a device runs it.\n"},
    {0}};

static const struct option key_generate_options[] = {
    {"passphrase-file", "FILE", "whose first line encrypts the private key; not encrypted when not given",
     false},
    {0}};

static const struct command key_commands[] = {
    {"generate", "make a key pair for signing; needs no server", NULL, run_key_generate, "FILE.pem", 1, 1,
     key_generate_options,
     "Writes the private key to FILE.pem, for its owner only, and the public one to FILE.pub.pem. Neither is\n"
     "ever overwritten. Keep the private key away from servers: nothing here ever sends it.\n"},
    {"register", "make a public key known, so that its signatures count", NULL, run_key_register,
     "NAME FILE.pub.pem", 2, 2, NULL, NULL},
    {"list", "list public keys", NULL, run_key_list, NULL, 0, 0, limit_options, NULL},
    {"show", "show one public key and what it has signed", NULL, run_key_show, "NAME", 1, 1, NULL, NULL},
    {"revoke", "end a key for good: its signatures count no more", NULL, run_key_revoke, "NAME", 1, 1,
     reason_options, "Campaigns of releases that need a signature and have no other one are halted.\n"},
    {0}};

#define SELECT_HELP                                                                                            \
    "EXPR: tag:T, product:NAME, map:M, flash:KB, online, seen<7d (s, m, h, d) and hash<10% (always the same\n" \
    "devices), with not, and, or, and parentheses: 'tag:eu and not (tag:beta or hash<10%)'.\n"

#define OVERLAP_HELP                                                                                         \
    "Devices in other live campaigns are left out (--overlap leave-out, when not given); refuse does not\n"  \
    "start; queue has them wait for their turn, higher priorities and older campaigns first; take-over\n"    \
    "also withdraws what lower priorities have out to them.\n"

#define CHOICE_OPTIONS                                                                                       \
    {"firmware", "VERSION", "what the devices are to run (required)", false},                                \
        {"policy", "FILE", "how it goes: waves, gates, rate (required)", false},                             \
        {"from", "RULE", "only devices that run such a version", false},                                     \
        {"select", "EXPR", "only devices that it selects (below)", false},                                   \
        {"tag", "T", "only devices with this tag", true},                                                    \
        {"device", "ID", "only this device, and others so named", true},                                     \
        {"devices", "FILE", "only the devices in this file, one id a line", false},                          \
        {"seed", "N", "orders the devices; any when not given. The same gives the same order", false},       \
        {"priority", "N", "0 to 100, 50 when not given: who comes first where campaigns overlap", false},    \
    {                                                                                                        \
        "overlap", "WHAT", "what becomes of devices in other live campaigns (below)", false                  \
    }

static const struct option campaign_plan_options[] = {CHOICE_OPTIONS, {0}};

static const struct option campaign_create_options[] = {
    CHOICE_OPTIONS,
    {"plan", "N", "do what this plan shows, instead of all the above", false},
    {"start", NULL, "start it at once", false},
    {"start-at", "TIME", "not earlier than then, such as 2026-12-01T02:00:00Z", false},
    {"end-at", "TIME", "not later than then", false},
    {"at-end", "WHAT", "what happens then: cancel (when not given) or pause", false},
    {0}};

static const struct option plan_devices_options[] = {
    {"wave", "N", "only of this wave, from 0", false}, LIMIT_OPTION, {0}};

static const struct command plan_commands[] = {
    {"show", "show one plan: waves, who is left out, time and bytes", NULL, run_plan_show, "PLAN", 1, 1, NULL,
     NULL},
    {"devices", "list the devices of a plan with their waves", NULL, run_plan_devices, "PLAN", 1, 1,
     plan_devices_options, NULL},
    {"left-out", "list the devices that a plan leaves out, and why", NULL, run_plan_left_out, "PLAN", 1, 1,
     limit_options, "Devices that are not selected are not listed.\n"},
    {0}};

static const struct option campaign_approve_options[] = {
    {"wave", "WAVE", "before this wave; before the start when not given", false}, REASON_OPTION, {0}};

static const struct option campaign_targets_options[] = {{"state", "STATE", "only in this state", false},
                                                         {"wave", "N", "only of this wave, from 0", false},
                                                         LIMIT_OPTION,
                                                         {0}};

static const struct option campaign_watch_options[] = {
    {"interval", "SECONDS", "between looks, 0.1 to 3600; 1 when not given", false}, {0}};

static const struct option campaign_rollback_options[] = {
    {"plan", NULL, "only show what it would do", false},
    {"devices", NULL, "only list each device: how it would go back, or why not", false},
    {"way", "WAY", "with --devices: only those that flip, that download, or that do neither (none)", false},
    LIMIT_OPTION,
    {"yes", NULL, "do not ask", false},
    REASON_OPTION,
    {0}};

static const struct option campaign_pause_options[] = {
    {"stop-downloads", NULL, "stop what has not been installed yet, too", false},
    {"keep-downloads", NULL, "let downloads go on, whatever the policy says", false},
    {"plan", NULL, "only say what it would do", false},
    REASON_OPTION,
    {0}};

static const struct option campaign_resume_options[] = {
    {"accept-no-success", NULL, "go on though nobody of a wave has succeeded", false},
    {"plan", NULL, "only say what it would do", false},
    REASON_OPTION,
    {0}};

static const struct command campaign_commands[] = {
    {"create", "create a campaign", NULL, run_campaign_create, "NAME", 1, 1, campaign_create_options,
     "Example: campaign create june --firmware 'v1.1.0t45772(a)' --from '>=v1.0.0 <v1.1.0' \\\n"
     "             --policy policies/canary-then-wide.json --start\n"
     "RULE: terms such as >=v1.0.0, all of which must hold, with = != < <= > >= (none is =); || between\n"
     "alternatives; 1.0.5 without v or b takes both v1.0.5 and b1.0.5. Devices of any lower version when\n"
     "not given. A policy: see policies/ and docs/policies.md. A file of devices may hold empty\n"
     "lines and # comments, and \"-\" is standard input.\n" SELECT_HELP OVERLAP_HELP},
    {"plan", "show what a campaign would do: who, in which wave, who not", NULL, run_campaign_plan, NULL, 0,
     0, campaign_plan_options,
     "Nothing is offered. The plan is kept for a week; campaign create --plan does exactly what it shows, or\n"
     "is refused when another campaign has taken one of its devices meanwhile.\n" SELECT_HELP OVERLAP_HELP},
    {"list", "list campaigns, newest first", NULL, run_campaign_list, NULL, 0, 0, limit_options, NULL},
    {"show", "show one campaign: state, waves, counts, pace", NULL, run_campaign_show, "NAME", 1, 1, NULL,
     NULL},
    {"targets", "list the devices of a campaign and how far they are", NULL, run_campaign_targets, "NAME", 1,
     1, campaign_targets_options, NULL},
    {"start", "start a draft", NULL, run_campaign_command, "NAME", 1, 1, reason_options, NULL},
    {"approve", "approve its start, or one of its waves", NULL, run_campaign_approve, "NAME", 1, 1,
     campaign_approve_options,
     "Where its policy asks for it (approval), as somebody other than who created it. What is still wanted is said.\n"},
    {"watch", "watch a campaign until it ends", NULL, run_campaign_watch, "NAME", 1, 1,
     campaign_watch_options,
     "Live on a terminal; one line for each change when piped; with --json one document for each change.\n"
     "Ends when the campaign has ended and nothing is in flight any more, with exit code 0 when it was\n"
     "completed, 4 when it halted, 1 when it was cancelled or rolled back. A server that does not answer is\n"
     "waited for, for up to 30 seconds.\n"},
    {"pause", "stop offering, withdraw offers not yet accepted", NULL, run_campaign_order, "NAME", 1, 1,
     campaign_pause_options,
     "Says what becomes of the devices first. Downloads go on, unless --stop-downloads or the policy's\n"
     "on_pause says otherwise: then devices are told to stop, and are offered it anew after a resume.\n"
     "A campaign that is paused can be told to stop its downloads, too.\n"},
    {"resume", "go on after a pause or a halt", NULL, run_campaign_order, "NAME", 1, 1,
     campaign_resume_options,
     "Says what it does first. The failures so far are excused. Where all members of a wave have ended\n"
     "without a success, they are tried again: those that were rejected or skipped, or else those that failed.\n"
     "--accept-no-success passes such a wave as it is; the audit says who did.\n"},
    {"cancel", "end it, and tell devices that are still downloading to stop", NULL, run_campaign_command,
     "NAME", 1, 1, reason_options, NULL},
    {"rollback", "take updated devices back to what they ran before", NULL, run_campaign_rollback, "NAME", 1,
     1, campaign_rollback_options,
     "Prints the plan first: how many devices flip back to the image in their other slot, how many download\n"
     "it, how many do neither and why; and with which gate and pace. On a terminal it then asks. Without a\n"
     "terminal, and with --json, it does not ask: scripts that are to look first use --plan. Exit code 1 when\n"
     "the answer is no, or when nobody could go back from a campaign that has ended.\n"},
    {0}};

static const struct option policy_show_options[] = {
    {"effective", NULL, "with every default filled in", false}, {0}};

static const struct command policy_commands[] = {
    {"show", "print a policy file; needs no server", NULL, run_policy_show, "FILE", 1, 1, policy_show_options,
     "As JSON, checked first. --effective prints what a campaign with "
     "it would do.\n"},
    {"check", "check policy files; needs no server", NULL, run_policy_check, "FILE...", 1, ARGUMENTS_MAX,
     NULL,
     "With --json the effective policy is printed, every "
     "default filled in (a list when there are several).\n"},
    {0}};

static const struct command fleet_commands[] = {{"status",
                                                 "devices, versions, live campaigns, refused reports", NULL,
                                                 run_fleet_status, NULL, 0, 0, NULL, NULL},
                                                {0}};

static const struct command audit_commands[] = {
    {"list", "who did what, newest first", NULL, run_audit_list, NULL, 0, 0, limit_options, NULL}, {0}};

static const struct option scheme_options[] = {
    {"scheme", "SCHEME", "seed (when not given) or semver, as 1.4.0-rc.1 or 1.4.0-rc.1t45772(a)", false},
    {0}};

static const struct command version_commands[] = {
    {"parse", "check versions and show their parts", NULL, run_version_parse, "V...", 1, ARGUMENTS_MAX,
     scheme_options,
     "Exit code 0 when all are versions, 1 when any is not. With --json a list, one element for each.\n"},
    {"compare", "say which of two versions is newer", NULL, run_version_compare, "A B", 2, 2, scheme_options,
     "Exit code 0 when they have an order, 1 when they have none (different product types), 2 when one is\n"
     "no version.\n"},
    {"match", "say whether a rule takes a version", NULL, run_version_match, "RULE V", 2, 2, scheme_options,
     "Exit code 0 when it does, 1 when it does not, 2 when one of them cannot be read.\n"
     "Example: version match '>=v1.0.0 <v1.2.0 || =b1.3.0' 'v1.1.0t45772(a)'\n"},
    {"coexist", "say whether versions may be stored together", NULL, run_version_coexist, "V V...", 2,
     ARGUMENTS_MAX, scheme_options,
     "Exit code 0 when they may, 1 when they may not (every pair of rivals is named), 2 when one is no\n"
     "version.\n"},
    {0}};

#define MAP_OPTIONS                                                                                          \
    {"size", "KB", "of the chip's flash: 512, 1024, 2048, 4096, 8192 or 16384", false},                      \
    {                                                                                                        \
        "map", "M", "256+256, 512+512 or 1024+1024", false                                                   \
    }

static const struct option map_options[] = {MAP_OPTIONS, {0}};

static const struct option map_build_options[] = {
    MAP_OPTIONS,
    {"boot", "FILE", "boot.bin (required)", false},
    {"user1", "FILE", "user1.bin (required)", false},
    {"key", "FILE", "master_device_key.bin", false},
    {"init-data", "FILE", "esp_init_data_default.bin", false},
    {"output", "FILE", "the full image to write (required)", false},
    {"force", NULL, "replace it if it exists", false},
    {0}};

static const struct command flash_map_commands[] = {
    {"list", "list flash maps: one line each", NULL, run_flash_map_list, NULL, 0, 0, map_options, NULL},
    {"show", "show flash maps: what stands where", NULL, run_flash_map_show, NULL, 0, 0, map_options, NULL},
    {"build", "write a full flash image, ready for a programmer", NULL, run_flash_map_build, NULL, 0, 0,
     map_build_options,
     "The chip's --size is required, and --map where the size has several. Every file is checked; what has\n"
     "no file (the second slot, all parameters) is erased, as the guide's blank.bin would leave it.\n"
     "Without --key the device has no key; without --init-data its RF parameters must be written separately.\n"
     "Example: flash-map build --size 1024 --boot boot.bin --user1 user1.bin --output full.bin\n"},
    {0}};

static const struct command root_commands[] = {
    {"product", "kinds of devices", product_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"device", "register, import and look at devices", device_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"firmware", "releases and their images", firmware_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"key", "keys that sign firmware", key_commands, NULL, NULL, 0, 0, NULL, "See docs/signing.md.\n"},
    {"campaign", "roll a firmware out", campaign_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"plan", "what campaigns would do (made by campaign plan)", plan_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"policy", "how campaigns go", policy_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"fleet", "the whole fleet", fleet_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"audit", "the record of what operators did", audit_commands, NULL, NULL, 0, 0, NULL, NULL},
    {"flash-map", "flash maps, and full flash images for a programmer", flash_map_commands, NULL, NULL, 0, 0,
     NULL, "Needs no server. See docs/flash-maps.md.\n"},
    {"version", "check, compare and match versions; alone: the version of this program", version_commands,
     run_version, NULL, 0, 0, NULL, "Needs no server. The rules are in docs/versions.md.\n"},
    {0}};

const struct command command_tree = {
    "orchestratorctl", "firmware rollouts from the command line", root_commands, NULL, NULL, 0, 0, NULL,
    exit_codes};
