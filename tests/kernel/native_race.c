/* An extension that connects 3,000 times while it is loaded, as another thread changes the port between one that it may reach and
   one that it may not: one datagram socket over and over, or a stream each time (KIND). `results` counts the connections that were
   made, by what was allowed. */
#define _GNU_SOURCE
#include <Python.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TRIES = 3000 };
static struct sockaddr_in address;
static volatile int stop;

static void *
flip(void *ports)
{
    while (!stop) {
        *(volatile in_port_t *)&address.sin_port = ((in_port_t *)ports)[0];
        for (volatile int at = 0; at < 200; at++) {
        }
        *(volatile in_port_t *)&address.sin_port = ((in_port_t *)ports)[1];
        for (volatile int at = 0; at < 200; at++) {
        }
    }
    return NULL;
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "acme_race", NULL, -1, NULL};

PyMODINIT_FUNC
PyInit_acme_race(void)
{
    in_port_t ports[2] = {htons(atoi(getenv("ALLOWED"))), htons(atoi(getenv("FORBIDDEN")))};
    int allowed = 0, forbidden = 0, refused = 0;
    pthread_t thread;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_create(&thread, NULL, flip, ports);
    int kind = strcmp(getenv("KIND"), "stream") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    int fd = socket(AF_INET, kind, 0);
    for (int at = 0; at < TRIES; at++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
            refused++;
        }
        else if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0) {
            *(peer.sin_port == ports[0] ? &allowed : &forbidden) += 1;
            if (send(fd, "x", 1, MSG_DONTWAIT) < 0) {
                continue;
            }
        }
        if (kind == SOCK_STREAM) {
            close(fd);
            fd = socket(AF_INET, kind, 0);
        }
    }
    stop = 1;
    pthread_join(thread, NULL);
    close(fd);
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddObject(module, "results", Py_BuildValue("(iii)", allowed, forbidden, refused));
    return module;
}
