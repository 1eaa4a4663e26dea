#include "modem.h"

#include "machine.h"
#include "rom.h"

void modem_receive(struct modem_frame *frame, uint8_t bytes[MODEM_FRAME_MAX + 8])
{
    machine_modem_read(frame, sizeof *frame);
    if (frame->length > MODEM_FRAME_MAX)
        software_reset();
    machine_modem_read(bytes, frame->length);
    bytes[frame->length] = '\0';
}

void modem_send(enum modem_type type, const void *bytes, uint32_t length)
{
    const struct modem_frame frame = {.type = (uint32_t)type, .length = length};

    machine_modem_write(&frame, sizeof frame);
    machine_modem_write(bytes, length);
}
