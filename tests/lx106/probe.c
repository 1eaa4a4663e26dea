/* The smallest program for a slot: it says which one it runs in, and restarts. */
#include "modem.h"
#include "rom.h"

extern char image_slot[]; /* its address is the number: firmware.ld */

int main(void)
{
    const struct modem_running running = {.slot = (uint32_t)image_slot};
    const struct modem_wait wait = {.wake_at = UINT64_MAX};
    static uint8_t bytes[MODEM_FRAME_MAX + 8];
    struct modem_frame frame;

    modem_receive(&frame, bytes);
    modem_send(MODEM_RUNNING, &running, sizeof running);
    modem_send(MODEM_WAIT, &wait, sizeof wait);
    modem_receive(&frame, bytes);
    software_reset();
}
