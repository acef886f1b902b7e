// Violations that only C++ has, chosen by argv[1].
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#define KEEP __attribute__((noinline))

static volatile int zero;
static volatile size_t sink;

namespace shop {
struct Base { virtual ~Base() {} int a = 1; };
struct Derived : Base { int more[10]; };
struct Plain { int a; };
struct Large { int a[20]; };
struct Order {
    std::vector<int> items;
    KEEP int at(size_t i) const { return *(items.data() + i); }
    template <typename T> KEEP T as(size_t i) const { return static_cast<T>(at(i)); }
    KEEP ~Order() { sink += items.size(); }
};
}  // namespace shop

KEEP static void container() {
    shop::Order order;
    order.items.reserve(16);
    order.items.push_back(1);
    sink += order.as<unsigned long>(5 + zero);
}
KEEP static void mismatch() { int *p = new int[10]; sink += (size_t)p; free(p); }
KEEP static void mismatch_delete() { int *volatile p = new int[10]; delete p; }
KEEP static void mismatch_malloc() { int *volatile p = (int *)malloc(8); delete p; }
KEEP static void type_mismatch() { shop::Plain *volatile p = reinterpret_cast<shop::Plain *>(new shop::Large); delete p; }
KEEP static void throws() { throw std::runtime_error("malformed: header (line 3)"); }
KEEP static void throws_int() { throw 42; }
KEEP static void vector_at() { std::vector<int> v(3); sink += v.at(7 + zero); }
KEEP static void terminates() { std::terminate(); }
KEEP static void throws_twice() noexcept { throw std::logic_error("from noexcept"); }
KEEP static int falls(int n) { if (n == 1) return 3; }
KEEP static void no_return() { sink += falls(zero); }
KEEP static void new_too_big() { sink += (size_t)new char[(~(size_t)0 >> 1) - 4096 - zero]; }
KEEP static void new_refused() { for (;;) { char *p = new char[64u << 20]; memset(p, 1, 64u << 20); sink += (size_t)p; } }
KEEP static void lambda() { auto f = [](int *p) KEEP { return p[2]; }; int *p = new int[2]; sink += f(p + zero); }
KEEP static void deleted_twice() { shop::Base *volatile p = new shop::Derived; delete p; delete p; }

#define CASE(f) {#f, f}
static const struct { const char *name; void (*run)(); } cases[] = {
    CASE(container), CASE(mismatch), CASE(mismatch_delete), CASE(mismatch_malloc), CASE(type_mismatch), CASE(throws), CASE(throws_int),
    CASE(vector_at), CASE(terminates), CASE(throws_twice), CASE(no_return), CASE(new_too_big), CASE(new_refused), CASE(lambda),
    CASE(deleted_twice),
};

int main(int argc, char **argv) {
    for (const auto &c : cases) {
        if (argc == 1) puts(c.name);
        else if (!strcmp(argv[1], c.name)) { c.run(); return 0; }
    }
    return argc == 1 ? 0 : 3;
}
