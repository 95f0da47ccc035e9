// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

func TestTakenPortIsNamedWithItsPurposeAndItsFlag(t *testing.T) {
	p := freePorts(t)
	listener, err := net.Listen("tcp", loopback(p.https))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	err = p.check(1, &p.authority)

	if err == nil {
		t.Fatal("the ports were found free, want an error")
	}
	for _, want := range []string{strconv.Itoa(p.https), "HTTPS of the data plane", "-https-port"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not mention %q", err, want)
		}
	}
	if lines := strings.Count(err.Error(), "\n"); lines != 0 {
		t.Errorf("error %q speaks of more than the one port", err)
	}
}

func TestPortsThatCannotBeUsedTogetherAreRefused(t *testing.T) {
	tests := map[string]struct {
		change func(*ports)
		demos  int
		acme   bool
		want   string
	}{
		"one port for two purposes":      {change: func(p *ports) { p.admin = p.health }, want: "wanted twice"},
		"a demo task on another's port":  {change: func(p *ports) { p.firstDemo = p.api - 1 }, demos: 2, want: "wanted twice"},
		"no TCP port":                    {change: func(p *ports) { p.metrics = 70000 }, want: "-metrics-port 70000 is no TCP port"},
		"demo tasks beyond the last one": {change: func(p *ports) { p.firstDemo = 65535 }, demos: 2, want: "-demo-port 65536 is no TCP port"},
		"an authority on another's port": {change: func(p *ports) { p.authority = p.api - 2 }, acme: true, want: "wanted twice"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := freePorts(t)
			test.change(&p)
			var unused []*int
			if !test.acme {
				unused = append(unused, &p.authority)
			}
			err := p.check(test.demos, unused...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestFreePortsAreAccepted(t *testing.T) {
	p := freePorts(t)
	if err := p.check(1, &p.authority); err != nil {
		t.Errorf("free ports were refused: %v", err)
	}
}

// freePorts are ports that nothing listens on at the moment.
func freePorts(t *testing.T) ports {
	t.Helper()
	var p ports
	for _, port := range p.named() {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		*port.number = listener.Addr().(*net.TCPAddr).Port
	}
	return p
}

func TestPortsOfWhatIsNotRunAreNotWanted(t *testing.T) {
	p := freePorts(t)
	p.authority, p.api = p.http, p.https
	if err := p.check(1, &p.authority, &p.api); err != nil {
		t.Errorf("a port that only an authority or an API would want was refused: %v", err)
	}
}
