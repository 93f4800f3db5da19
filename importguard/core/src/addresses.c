/* Hosts, ports and addresses in any spelling that the C library takes. Twins: the functions of policy/targets.py from
   split_address to host_matches. */
#include "ruling.h"

#define NO_ADDRESS ((Address){0, 0, 0})
#define MOST_DIGITS 16 /* so that every number fits into 64 bits */

static int
digit_of(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    char small = (char)(byte | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : 99;
}

/* Read digits of a base; return whether the text is nothing else, and at most so many of them. */
static bool
read_digits(Text text, int base, size_t most, uint64_t *number)
{
    if (text.size == 0 || text.size > most) {
        return false;
    }
    *number = 0;
    for (size_t at = 0; at < text.size; at++) {
        int digit = digit_of(text.data[at]);
        if (digit >= base) {
            return false;
        }
        *number = *number * (unsigned)base + (unsigned)digit;
    }
    return true;
}

/* Read a number as inet_aton does; return whether the text is one. */
static bool
read_number(Text text, uint64_t *number)
{
    if (text.size >= 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
        return read_digits((Text){text.data + 2, text.size - 2}, 16, MOST_DIGITS, number);
    }
    int base = text.size > 1 && text.data[0] == '0' ? 8 : 10;
    return read_digits(text, base, MOST_DIGITS, number);
}

/* Read an IPv4 address, short, octal and hexadecimal spellings included; return whether the text is one. */
static bool
read_v4(Text text, uint64_t *address)
{
    uint64_t numbers[4];
    int count = 0;
    while (text.data) {
        Text part = text_before(text, '.', &text);
        if (count == 4 || !read_number(part, &numbers[count])) {
            return false;
        }
        count++;
    }
    uint64_t last = count ? numbers[count - 1] : 0;
    if (count == 0 || last >= (uint64_t)1 << 8 * (5 - count)) {
        return false;
    }
    for (int at = 0; at < count - 1; at++) {
        if (numbers[at] > 255) {
            return false;
        }
        last |= numbers[at] << (24 - 8 * at);
    }
    *address = last;
    return true;
}

/* Read the 16-bit groups of a part of an IPv6 address; return their number, or -1 when it is none or there are more
   than eight. */
static int
read_groups(Text text, uint64_t *groups)
{
    int count = 0;
    if (text.size == 0) {
        return 0;
    }
    while (text.data) {
        Text part = text_before(text, ':', &text);
        uint64_t low;
        if (count < 7 && !text.data && memchr(part.data, '.', part.size)) {
            if (!read_v4(part, &low)) {
                return -1;
            }
            groups[count++] = low >> 16;
            groups[count++] = low & 0xFFFF;
        } else if (count == 8 || !read_digits(part, 16, 4, &groups[count])) {
            return -1;
        } else {
            count++;
        }
    }
    return count;
}

/* Return what is behind the first `::` and make `text` what is before it; no data where there is none. */
static Text
behind_double(Text *text)
{
    for (size_t at = 0; at + 1 < text->size; at++) {
        if (text->data[at] == ':' && text->data[at + 1] == ':') {
            Text rest = {text->data + at + 2, text->size - at - 2};
            text->size = at;
            return rest;
        }
    }
    return (Text){NULL, 0};
}

static Address
of_groups(const uint64_t *groups)
{
    Address address = {128, 0, 0};
    for (int at = 0; at < 4; at++) {
        address.high = address.high << 16 | groups[at];
        address.low = address.low << 16 | groups[at + 4];
    }
    bool is_mapped = address.high == 0 && address.low >> 32 == 0xFFFF;
    bool is_translated = address.high == (uint64_t)0x64FF9B << 32 && address.low >> 32 == 0;
    return is_mapped || is_translated ? (Address){32, 0, address.low & 0xFFFFFFFF} : address;
}

static Address
parse_v6(Text text)
{
    uint64_t groups[16] = {0}, after_groups[8];
    Text tail = behind_double(&text), rest = tail;
    bool is_double = tail.data != NULL;
    int before = read_groups(text, groups);
    int after = is_double ? read_groups(tail, after_groups) : 0;
    if (before < 0 || after < 0 || (is_double && behind_double(&rest).data)) {
        return NO_ADDRESS;
    }
    int missing = 8 - before - after;
    if (missing < 0 || (missing == 0) == is_double) {
        return NO_ADDRESS;
    }
    memcpy(groups + before + missing, after_groups, (size_t)after * sizeof groups[0]);
    return of_groups(groups);
}

/* Return the address that a host is in some spelling, one of no bits for a name. */
Address
address_parse(Text host)
{
    Address address = {32, 0, 0};
    if (host.size && memchr(host.data, ':', host.size)) {
        return parse_v6(host);
    }
    return read_v4(host, &address.low) ? address : NO_ADDRESS;
}

/* Set host (with its letters as they are) and port, with no characters when there is none, of a target. */
static void
split(Text target, Text *host, Text *port)
{
    const Text nothing = {target.data, 0};
    Text rest;
    *port = nothing;
    if (target.size && target.data[0] == '[') {
        *host = text_before((Text){target.data + 1, target.size - 1}, ']', &rest);
        if (rest.data && rest.size && rest.data[0] == ':') {
            *port = (Text){rest.data + 1, rest.size - 1};
        }
    } else {
        *host = text_before(target, ':', &rest);
        if (rest.data && rest.size && memchr(rest.data, ':', rest.size)) {
            *host = target;
        } else if (rest.data) {
            *port = rest;
        }
    }
    *host = text_before(*host, '%', &rest);
}

/* Take a network target apart; return 0, or -1 without memory. */
int
peer_read(Peer *peer, Capability capability, Text target)
{
    peer->lowered = NULL;
    peer->is_unix = target.size >= 5 && memcmp(target.data, "unix:", 5) == 0;
    peer->address = NO_ADDRESS;
    if (peer->is_unix) {
        peer->host = (Text){target.data + 5, target.size - 5};
        return 0;
    }
    Text host = target;
    peer->port = (Text){target.data, 0};
    if (capability != NET_RESOLVE) {
        split(target, &host, &peer->port);
    }
    if (text_lower(text_stripped(host, '.'), peer->room, sizeof peer->room, &peer->lowered, &peer->host) < 0) {
        return -1;
    }
    peer->address = address_parse(peer->host);
    return 0;
}

static bool
is_within(const Address *address, const Host *block)
{
    uint32_t free_bits = block->network.bits - block->length;
    uint64_t high = address->high ^ block->network.high, low = address->low ^ block->network.low;
    if (address->bits != block->network.bits) {
        return false;
    }
    if (free_bits >= 64) {
        return free_bits == 128 || high >> (free_bits - 64) == 0;
    }
    return high == 0 && low >> free_bits == 0;
}

/* Return whether a pattern matches a peer; of a host that is looked up, ports don't count. */
bool
host_matches(const Table *table, const Host *host, const Peer *peer, bool hosts_only)
{
    if (peer->is_unix) {
        return host->kind == HOST_UNIX && path_matches(text_at(table, host->name), peer->host);
    }
    if (!hosts_only && host->port.size && !text_equals(peer->port, text_at(table, host->port))) {
        return false;
    }
    if (host->free_port.size && text_equals(peer->port, text_at(table, host->free_port))) {
        return false;
    }
    switch (host->kind) {
    case ANY_HOST:
        return true;
    case HOST_NAME:
        return glob_matches(text_at(table, host->name), peer->host);
    case HOST_BLOCK:
        return peer->address.bits && is_within(&peer->address, host);
    default:
        return false;
    }
}
