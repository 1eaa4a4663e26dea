/* The functions of Espressif's NONOS SDK (2.0.0 to 3.0.6) that this port calls, declared here from their
 * documentation: nothing of the SDK is in this tree. A firmware that is linked with the SDK gets their code
 * from it. */
#ifndef ESP8266_SDK_H
#define ESP8266_SDK_H

#include <stdbool.h>
#include <stdint.h>

/* --- flash: 0 is success; addresses and lengths are multiples of 4, and so are the addresses in RAM */
int spi_flash_erase_sector(uint16_t sector);
int spi_flash_write(uint32_t address, uint32_t *bytes, uint32_t length);
int spi_flash_read(uint32_t address, uint32_t *bytes, uint32_t length);

/* --- system */
struct rst_info {
    uint32_t reason, exccause, epc1, epc2, epc3, excvaddr, depc;
};
struct rst_info *system_get_rst_info(void);
uint32_t system_get_time(void);     /* microseconds; begins again at 0 after 71 minutes */
uint32_t system_get_rtc_time(void); /* ticks of the RTC: goes on through every reset but that of power */
unsigned long os_random(void);      /* the hardware's generator; its bits are random while the radio is on */
void system_restart(void);
void system_soft_wdt_feed(void);

/* --- timers, in milliseconds */
typedef void ETSTimerFunc(void *context);
typedef struct _ETSTIMER_ {
    struct _ETSTIMER_ *timer_next;
    uint32_t timer_expire;
    uint32_t timer_period;
    ETSTimerFunc *timer_func;
    void *timer_arg;
} os_timer_t;
void ets_timer_arm_new(os_timer_t *timer, uint32_t milliseconds, bool repeats, bool is_milliseconds);
void ets_timer_disarm(os_timer_t *timer);
void ets_timer_setfn(os_timer_t *timer, ETSTimerFunc *function, void *context);

/* --- TCP */
#define ESPCONN_OK 0
#define ESPCONN_INPROGRESS (-5)
enum espconn_type { ESPCONN_INVALID = 0, ESPCONN_TCP = 0x10, ESPCONN_UDP = 0x20 };
enum espconn_state {
    ESPCONN_NONE,
    ESPCONN_WAIT,
    ESPCONN_LISTEN,
    ESPCONN_CONNECT,
    ESPCONN_WRITE,
    ESPCONN_READ,
    ESPCONN_CLOSE
};
typedef struct {
    uint32_t addr;
} ip_addr_t;
typedef void espconn_connect_callback(void *connection);
typedef void espconn_reconnect_callback(void *connection, int8_t error);
typedef void espconn_recv_callback(void *connection, char *bytes, unsigned short length);
typedef void espconn_sent_callback(void *connection);
typedef void dns_found_callback(const char *name, ip_addr_t *address, void *connection);
typedef struct _esp_tcp {
    int remote_port, local_port;
    uint8_t local_ip[4], remote_ip[4];
    espconn_connect_callback *connect_callback;
    espconn_reconnect_callback *reconnect_callback;
    espconn_connect_callback *disconnect_callback;
    espconn_connect_callback *write_finish_fn;
} esp_tcp;
struct espconn {
    enum espconn_type type;
    enum espconn_state state;
    union {
        esp_tcp *tcp;
        void *udp;
    } proto;
    espconn_recv_callback *recv_callback;
    espconn_sent_callback *sent_callback;
    uint8_t link_cnt;
    void *reverse; /* the caller's */
};
int8_t espconn_regist_connectcb(struct espconn *connection, espconn_connect_callback *callback);
int8_t espconn_regist_reconcb(struct espconn *connection, espconn_reconnect_callback *callback);
int8_t espconn_regist_disconcb(struct espconn *connection, espconn_connect_callback *callback);
int8_t espconn_regist_recvcb(struct espconn *connection, espconn_recv_callback *callback);
int8_t espconn_gethostbyname(struct espconn *connection, const char *name, ip_addr_t *address,
                             dns_found_callback *found);
int8_t espconn_connect(struct espconn *connection);
int8_t espconn_send(struct espconn *connection, uint8_t *bytes, uint16_t length);
int8_t espconn_disconnect(struct espconn *connection); /* not from inside one of its callbacks */
int8_t espconn_abort(struct espconn *connection);      /* the same */

#endif
