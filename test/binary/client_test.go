// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// answer is a response.
type answer struct {
	status int
	// reason is the proxy's own. It is empty if a backend answered.
	reason string
	// arrival is what the backend says.
	arrival arrival
}

// String returns the status, with the backend that answered or the proxy's reason.
func (a answer) String() string {
	return fmt.Sprintf("%d %s%s", a.status, a.arrival.Backend, a.reason)
}

// from is the answer of a backend. notFound is the proxy's if no rule matches.
func from(backend string) string { return "200 " + backend }

const notFound = "404 RouteNotFound"

// connection sends one request after another over one connection. If that was closed, net/http's client would send a
// request again over another one. Here that is an error.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

// connect opens a connection. The dialer may say from where.
func connect(address string, dialer net.Dialer) (*connection, error) {
	dialer.Timeout = patience
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return newConnection(conn), nil
}

func newConnection(conn net.Conn) *connection {
	return &connection{Conn: conn, reader: bufio.NewReader(conn)}
}

// errLast comes with an answer that is whole, if the connection is to be closed after it.
var errLast = errors.New("the proxy closes the connection")

// exchange sends a request and reads its response. With content it is a POST, without it a GET.
func (c *connection) exchange(host, path, nonce, content string) (answer, error) {
	method := http.MethodGet
	if content != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, "http://"+host+path, strings.NewReader(content))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set(nonceField, nonce)
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if err := request.Write(c); err != nil {
		return answer{}, fmt.Errorf("sending the request: %w", err)
	}
	return c.response(request)
}

func (c *connection) response(request *http.Request) (answer, error) {
	response, err := http.ReadResponse(c.reader, request)
	if err != nil {
		return answer{}, fmt.Errorf("reading the response: %w", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("reading the content: %w", err)
	}
	got := answer{status: response.StatusCode}
	if _, details, ok := strings.Cut(response.Header.Get("Proxy-Status"), `details="`); ok {
		got.reason = strings.TrimSuffix(details, `"`)
	} else if err := json.Unmarshal(content, &got.arrival); err != nil {
		return got, fmt.Errorf("the content %q of a response with status %d is no backend's: %w", content, got.status, err)
	}
	if response.Close {
		return got, errLast
	}
	return got, nil
}

// ask sends a GET over a connection of its own.
func ask(address, host, path string) (answer, error) {
	c, err := connect(address, net.Dialer{})
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	got, err := c.exchange(host, path, "", "")
	if errors.Is(err, errLast) {
		err = nil
	}
	return got, err
}

// answers returns an error unless a request is answered with this.
func answers(address, host, path, want string) error {
	got, err := ask(address, host, path)
	if err == nil && got.String() != want {
		err = fmt.Errorf("%s%s is answered with %s, want %s", host, path, got, want)
	}
	return err
}
