#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "gate_sequential.h"
#include "policy_file.h"
#include "policy_json.h"
#include "show.h"
#include "utf8.h"

enum status policy_file_read(const char *path, char **text, size_t *length, struct policy *policy,
                             struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, NULL, "cannot open %s: %s", path, strerror(errno));
    enum status status = csv_read_stream(file, path, text, length, error);
    fclose(file);
    if (status != STATUS_OK)
        return status;
    size_t mark = utf8_mark(*text, *length);
    *length -= mark;
    memmove(*text, *text + mark, *length + 1);
    status = policy_json_parse(*text, *length, policy, error);
    if (status != STATUS_OK) {
        struct error why = *error;
        free(*text);
        error_set(error, status, NULL, "%s: %s%s%s", path, why.field, why.field[0] == '\0' ? "" : ": ",
                  why.message);
    }
    return status;
}

/* What a sequential gate needs, and its exact error rates where the policy says how large the wave is. */
static void print_gate(struct session *session, const struct wave_policy *wave)
{
    const struct sequential_policy *gate = &wave->gate.sequential;
    if (wave->gate.kind != GATE_SEQUENTIAL)
        return;
    fprintf(session->out,
            "  wave %s: promotes after %lld successes in a row, halts after %lld failures in a row\n",
            wave->name, (long long)gate_sequential_least_successes(gate),
            (long long)gate_sequential_least_failures(gate));
    int64_t sample = policy_most_outcomes(wave);
    if (sample == 0 || sample > GATE_RATES_SAMPLE_MAX)
        return;
    double good = gate->acceptable_percent, bad = gate->unacceptable_percent;
    struct gate_rates of_good = gate_sequential_rates(gate, good / 100, sample);
    struct gate_rates of_bad = gate_sequential_rates(gate, bad / 100, sample);
    double passes = of_bad.promotes > of_bad.late_promotes ? of_bad.promotes : of_bad.late_promotes;
    fprintf(
        session->out,
        "    with %lld outcomes: a release that fails %g%% is halted %.1f%% of the time (mean sample %.0f), one "
        "that fails %g%% passes up to %.1f%% of the time\n",
        (long long)sample, good, 100 * of_good.halts, of_good.mean_sample, bad, 100 * passes);
    if (passes > gate->beta || of_good.halts > gate->alpha)
        fprintf(
            session->out,
            "    that is more than alpha %g and beta %g: the wave is too small for its gate (docs/gates.md)\n",
            gate->alpha, gate->beta);
}

static void print_policy(struct session *session, const char *path, const struct policy *policy)
{
    fprintf(session->out, "%s: policy %s is good: %d wave%s (", path, policy->name, policy->wave_count,
            policy->wave_count == 1 ? "" : "s");
    for (int i = 0; i < policy->wave_count; i++)
        fprintf(session->out, "%s%s", i == 0 ? "" : ", ", policy->waves[i].name);
    fprintf(session->out, "), in flight %lld, ", (long long)policy->in_flight);
    const struct rate_policy *rate = &policy->rate;
    if (rate->growth_every > 0)
        fprintf(session->out, "rate %lld a minute, times %g for every %lld confirmed, up to %lld\n",
                (long long)rate->per_minute, rate->growth_factor, (long long)rate->growth_every,
                (long long)rate->ceiling_per_minute);
    else if (rate->per_minute > 0)
        fprintf(session->out, "rate %lld a minute\n", (long long)rate->per_minute);
    else
        fputs("no limit of the rate\n", session->out);
    for (int i = 0; i < policy->wave_count; i++)
        print_gate(session, &policy->waves[i]);
}

enum exit_code run_policy_check(struct session *session, const struct arguments *arguments)
{
    enum exit_code code = EXIT_DONE;
    json_t *list = json_array();
    for (int i = 0; i < arguments->positional_count; i++) {
        const char *path = arguments->positionals[i];
        struct error error = {0};
        struct policy policy;
        char *text;
        size_t length;
        if (policy_file_read(path, &text, &length, &policy, &error) != STATUS_OK) {
            code = session_fail(session, &error);
            continue;
        }
        free(text);
        if (!session->json) {
            print_policy(session, path, &policy);
            continue;
        }
        char *effective = policy_json_format(&policy);
        json_array_append_new(list, json_loads(effective, 0, NULL));
        free(effective);
    }
    if (session->json && arguments->positional_count > 1)
        show_json(session->out, list);
    else if (session->json && json_array_size(list) == 1)
        show_json(session->out, json_array_get(list, 0));
    json_decref(list);
    return code;
}

enum exit_code run_policy_show(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    struct policy policy;
    char *text;
    size_t length;
    if (policy_file_read(arguments->positionals[0], &text, &length, &policy, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (arguments_value(arguments, "effective") != NULL) {
        free(text);
        text = policy_json_format(&policy);
        length = strlen(text);
    }
    json_t *document = json_loadb(text, length, 0, NULL);
    show_json(session->out, document);
    json_decref(document);
    free(text);
    return EXIT_DONE;
}
