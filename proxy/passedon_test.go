// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Once a long head was passed on, later requests get its memory. What is logged of the first request is still its own.
func TestRecordOfARequestWhoseHeadsMemoryIsOthersByThen(t *testing.T) {
	t.Parallel()
	const first, later = "first-agent", "later-agent"
	long := strings.Repeat("y", 3900)
	// Over HTTP/1.1 a head is read as it is, over HTTP/2 it grows out of some bytes of HPACK.
	head := func(path, agent string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent + "\r\nReferer: http://" + agent + "/\r\n" +
			strings.Repeat("X: "+long+"\r\n", 6) + "\r\n"
	}
	fields := func(agent string) []string {
		return append([]string{"user-agent", agent, "referer", "http://" + agent + "/"}, amplified()...)
	}
	for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			slow, quick := startScript(t), startEcho(t, "b")
			written := &pages{}
			p := serve(t, h2c, logTo(written, observe.LogCombined))
			p.apply(snapshotOf([]snapshot.Host{hostOf("a", prefix("/first", "slow"), prefix("/later", "quick"))},
				poolOf("slow", slow.address), poolOf("quick", quick)))

			var end func()
			if version == "HTTP/2" {
				c := p.dialFrames()
				c.get(1, "/first", fields(first)...)
				end = func() { c.answer(1) }
			} else {
				c := p.dial()
				c.send(head("/first", first))
				end = func() { c.reply("GET") }
			}
			up := slow.accept()
			up.head()
			up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
			await(t, "the memory to come back", func() bool { return p.heads.Held() == 0 })

			later1, later2 := p.dial(), p.dialFrames()
			const rounds = 20
			for i := range rounds {
				later1.send(head("/later", later))
				later1.reply("GET")
				later2.get(uint32(2*i+1), "/later", fields(later)...)
				later2.answer(uint32(2*i + 1))
			}
			written.lines(t, 2*rounds) // or the last one could be behind the first request's
			up.send("world")
			end()
			lines := written.lines(t, 2*rounds+1)
			want := `"GET /first ` + version + `" 200 10 "http://` + first + `/" "` + first + `"`
			if line := lines[len(lines)-1]; !strings.HasSuffix(line, want) {
				t.Errorf("the line is\n%s\nwant it to end with\n%s", line, want)
			}
			for _, line := range lines[:len(lines)-1] {
				if !strings.Contains(line, `"GET /later `) || !strings.HasSuffix(line, `"`+later+`"`) {
					t.Errorf("the line is\n%s\nwant one of a later request", line)
				}
			}
		})
	}
}

// A Content-Length of 0 is passed on as it came: signatures are over it, and CGI has a variable for it. A method that
// usually has content always gets a length.
func TestLengthOfNoContentIsPassedOnAsItCame(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT", "PATCH"} {
		for _, said := range []bool{true, false} {
			t.Run(fmt.Sprint(method, " ", said), func(t *testing.T) {
				t.Parallel()
				eachWay(t, func(t *testing.T, client *side, endpoint func() *side) {
					lines, pseudo := method+" / HTTP/1.1\r\nHost: a\r\n", head(method, "/")
					if said {
						lines, pseudo = lines+"content-length: 0\r\n", append(pseudo, "content-length", "0")
					}
					client.tell(lines, "x", "y", pseudo)
					up := endpoint()
					lengths := up.lengths()
					var want []string
					if said || method == "POST" || method == "PUT" || method == "PATCH" {
						want = []string{"0"}
					}
					if diff := cmp.Diff(want, lengths); diff != "" {
						t.Errorf("lengths (-want +got):\n%s", diff)
					}
					up.answer("x", "y")
					client.value("x")
				})
			})
		}
	}
}
