// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// goodSession is the cookie of who may come in.
const goodSession = "session=good"

// authService says who gets in, and can be away in each way that a service can.
type authService struct {
	t       *testing.T
	address string

	mu          sync.Mutex // guards what follows
	listener    net.Listener
	connections map[net.Conn]bool
	// hangs is set if it takes questions and never answers.
	hangs bool
	// cut is how much of an answer it sends before it ends the connection. -1 is all of it, without an end.
	cut int
}

// startAuthService starts one.
func startAuthService(t *testing.T) *authService {
	t.Helper()
	a := &authService{t: t, address: ports.address(t), connections: map[net.Conn]bool{}, cut: -1}
	a.up()
	t.Cleanup(a.down)
	return a
}

// up has it listen.
func (a *authService) up() {
	a.t.Helper()
	listener, err := net.Listen("tcp", a.address)
	if err != nil {
		a.t.Fatal(err)
	}
	a.mu.Lock()
	a.listener = listener
	a.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it is down
			}
			a.mu.Lock()
			a.connections[conn] = true
			a.mu.Unlock()
			go a.serve(conn)
		}
	}()
}

// down ends it as a power failure does.
func (a *authService) down() {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.listener.Close()
	for conn := range a.connections {
		_ = conn.Close()
	}
	clear(a.connections)
}

// behave has it hang, or cut each answer.
func (a *authService) behave(hangs bool, cut int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hangs, a.cut = hangs, cut
}

// yes is its answer to who may come in.
const yes = "HTTP/1.1 200 OK\r\nX-User: alice\r\nContent-Length: 4\r\n\r\nyes\n"

func (a *authService) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		a.mu.Lock()
		delete(a.connections, conn)
		a.mu.Unlock()
	}()
	for reader := bufio.NewReader(conn); ; {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		a.mu.Lock()
		hangs, cut := a.hangs, a.cut
		a.mu.Unlock()
		if hangs {
			_, _ = io.Copy(io.Discard, reader) // until the other side has had enough
			return
		}
		answer := yes
		if request.Header.Get("Cookie") != goodSession {
			answer = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
		}
		if cut >= 0 && cut < len(answer) {
			answer = answer[:cut]
		}
		if _, err := io.WriteString(conn, answer); err != nil || cut >= 0 {
			return
		}
	}
}

// task is the service as an instance.
func (a *authService) task() string {
	_, port, _ := net.SplitHostPort(a.address)
	return fmt.Sprintf(`
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: auth-1}
spec: {serviceName: auth, address: 127.0.0.1, ports: [{port: 80, targetPort: %s}]}
`, port)
}
