// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// manyCertificates returns n certificates, for a host each, with one key.
func manyCertificates(tb testing.TB, n int) []snapshot.Certificate {
	tb.Helper()
	key := ecdsaKey(tb)
	list := make([]snapshot.Certificate, n)
	for i := range list {
		list[i] = issue(tb, fmt.Sprintf("default/certificate-%05d", i), key, fmt.Sprintf("host-%05d.example.com", i))
	}
	return list
}

// A certificate with its PEM takes at most 3 KB, apart from intermediates.
func TestCertificatesTakeLittleMemory(t *testing.T) {
	const n, most = 2000, 3 << 10
	before := heapBytes()
	list := manyCertificates(t, n)
	store := identity.NewStore()
	compiled, err := store.CompileAnew(with(&snapshot.Snapshot{}, list...))
	if err != nil {
		t.Fatal(err)
	}
	each := (heapBytes() - before) / n
	t.Logf("%d bytes a certificate", each)
	if each > most {
		t.Errorf("a certificate takes %d bytes, want at most %d", each, most)
	}
	runtime.KeepAlive(list)
	runtime.KeepAlive(store)
	runtime.KeepAlive(compiled)
}

// The test prints the time, but checks what is allocated, which does not depend on what else the machine does.
func TestAHandshakeCostsTheSameAmong10000Certificates(t *testing.T) {
	const handshakes = 100
	one := issue(t, "", ecdsaKey(t), "any") // making 10,000 would take longer than all the rest
	list := make([]snapshot.Certificate, 10_000)
	for i := range list {
		list[i] = snapshot.Certificate{ID: fmt.Sprintf("default/certificate-%05d", i), Hosts: []string{fmt.Sprintf("host-%05d.example.com", i)}, Chain: one.Chain, Key: one.Key}
	}
	cost := map[int]uint64{}
	for _, n := range []int{10, len(list)} {
		p := serve(t)
		p.apply(with(&snapshot.Snapshot{}, list[:n]...))
		address := p.listen("127.0.0.1:0", p.ServeTLS)
		shake := func(i int) {
			c, err := tls.Dial("tcp", address, &tls.Config{ServerName: list[i*7919%n].Hosts[0], InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		}
		shake(0) // to make now what is made once
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for i := range handshakes {
			shake(i)
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		cost[n] = (after.Mallocs - before.Mallocs) / handshakes
		t.Logf("among %d certificates a handshake takes %s and %d allocations, client included", n, (took / handshakes).Round(time.Microsecond), cost[n])
	}
	if few, many := cost[10], cost[len(list)]; many > few+few/4 {
		t.Errorf("a handshake takes %d allocations among %d certificates and %d among 10", many, len(list), few)
	}
}

// Finding takes as long among 10,000 certificates as among 10.
func BenchmarkFindCertificate(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			list := manyCertificates(b, n)
			c, err := identity.NewStore().CompileAnew(with(&snapshot.Snapshot{}, list...))
			if err != nil {
				b.Fatal(err)
			}
			hello := &tls.ClientHelloInfo{ServerName: "host-00007.example.com"}
			b.ReportAllocs()
			for b.Loop() {
				if c.Certificate(hello) == nil {
					b.Fatal("a certificate is not found")
				}
			}
		})
	}
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
