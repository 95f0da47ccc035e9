// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// grpcProcess is a process of grpc-go's client or server. It ends when its standard input does.
type grpcProcess struct {
	command *exec.Cmd
	input   io.WriteCloser
	said    *bufio.Reader
	faults  strings.Builder
}

func startGRPC(tb testing.TB, args ...string) *grpcProcess {
	tb.Helper()
	p := &grpcProcess{command: exec.Command(filepath.Join("..", "bin", "grpc"), args...)}
	input, err := p.command.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = input.Close() })
	output, err := p.command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.input, p.said, p.command.Stderr = input, bufio.NewReader(output), &p.faults
	err = p.command.Start()
	switch {
	case errors.Is(err, os.ErrNotExist):
		tb.Fatalf(`%v: run "make grpc"`, err)
	case err != nil:
		tb.Fatal(err)
	}
	return p
}

// line returns the next thing that the process says.
func (p *grpcProcess) line(tb testing.TB) string {
	tb.Helper()
	line, err := p.said.ReadString('\n')
	if err != nil {
		_ = p.command.Wait()
		tb.Fatalf("the process said %q and then nothing: %v\n%s", line, err, p.faults.String())
	}
	return strings.TrimSpace(line)
}

// end ends the process's input and waits for the process. It returns what the process still said.
func (p *grpcProcess) end(tb testing.TB) string {
	tb.Helper()
	_ = p.input.Close()
	rest, _ := io.ReadAll(p.said)
	if err := p.command.Wait(); err != nil {
		tb.Errorf("%v: %v\n%s%s", p.command.Args[1:], err, rest, p.faults.String())
	}
	return string(rest)
}

// grpcServer is a server that stops gracefully when it is told to, or when the test ends.
type grpcServer struct {
	*grpcProcess
	address netip.AddrPort
}

func startGRPCServer(tb testing.TB, args ...string) *grpcServer {
	tb.Helper()
	s := &grpcServer{grpcProcess: startGRPC(tb, append([]string{"serve"}, args...)...)}
	s.address = netip.MustParseAddrPort(s.line(tb))
	return s
}

func pemOf(what string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: what, Bytes: der}))
}

// writeFile makes a file that lasts as long as the test.
func writeFile(tb testing.TB, content string) string {
	tb.Helper()
	f, err := os.CreateTemp(tb.TempDir(), "")
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return f.Name()
}

// The interop test cases of grpc-go pass through the proxy, with TLS on either side.
func TestGRPCPasses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	signed := a.sign(t, []string{backendName})
	key, err := x509.MarshalPKCS8PrivateKey(signed.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	plain := []netip.AddrPort{startGRPCServer(t, "-name=one").address, startGRPCServer(t, "-name=other").address}
	secure := startGRPCServer(t,
		"-cert="+writeFile(t, pemOf("CERTIFICATE", signed.Certificate[0])), "-key="+writeFile(t, pemOf("PRIVATE KEY", key)))
	own := issue(t, "own", ecdsaKey(t), "calls.test")
	for name, snapshot := range map[string]*snapshot.Snapshot{
		"to H2C":   inH2C(everything(plain...)),
		"to HTTPS": over(trusting(a), everything(secure.address)),
	} {
		p := serve(t, h2c)
		p.apply(with(snapshot, own))
		https := p.listen("127.0.0.1:0", p.ServeTLS)
		for client, args := range map[string][]string{
			"from h2c": {"-address=" + p.address, "-host=calls.test"},
			"from TLS": {"-address=" + https, "-host=calls.test", "-ca=" + writeFile(t, own.Chain)},
		} {
			t.Run(client+" "+name, func(t *testing.T) {
				if said := startGRPC(t, append([]string{"ask"}, args...)...).end(t); !strings.Contains(said, "other_server_each") {
					t.Errorf("the client said %q, want all cases", said)
				}
			})
		}
	}
}

// Servers that stop one after another, as in a rolling update, lose no call.
func TestReplacedGRPCServersLoseNoCall(t *testing.T) {
	t.Parallel()
	const replacements = 8
	p := serve(t, h2c)
	serving := []*grpcServer{startGRPCServer(t), startGRPCServer(t)}
	apply := func(servers ...*grpcServer) {
		addresses := make([]netip.AddrPort, len(servers))
		for i, s := range servers {
			addresses[i] = s.address
		}
		p.apply(inH2C(everythingBy(retries(1), addresses...)))
	}
	apply(serving...)
	load := startGRPC(t, "load", "-address="+p.address)
	load.line(t)
	for range replacements {
		next := startGRPCServer(t)
		// The server that stops is still in the snapshot, as a Pod that ends is for a moment.
		apply(append(serving, next)...)
		serving[0].end(t)
		serving = append(serving[1:], next)
		apply(serving...)
	}
	t.Logf("the client said %q", load.end(t))
}
