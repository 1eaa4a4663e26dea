/* The chip's end of the link to its modem: modem_frame.h. */
#ifndef LX106_MODEM_H
#define LX106_MODEM_H

#include "modem_frame.h"

/* Waits for the next frame. `bytes` is aligned to 8 and has room for MODEM_FRAME_MAX; a zero byte follows. */
void modem_receive(struct modem_frame *frame, uint8_t bytes[MODEM_FRAME_MAX + 8]);

void modem_send(enum modem_type type, const void *bytes, uint32_t length);

#endif
