// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/warren-dev/ingress/controllers/replicas"
)

// presenceTimeout bounds one look at one replica.
const presenceTimeout = 2 * time.Second

// presence asks replicas for the answers to challenges as an authority does: over HTTP, through the data plane.
type presence struct {
	client *http.Client
	// ready returns the replicas. self is this replica, for the time before its Lease is written.
	ready func() []replicas.Replica
	self  replicas.Replica
	// port is the port at which every replica answers. If it is 0, each replica answers at the port in its Lease.
	port uint16
}

// proxyHeader is what a trusted proxy sends first if it connects for itself (version 1 of the PROXY protocol).
const proxyHeader = "PROXY UNKNOWN\r\n"

// newPresence makes a presence that asks at that port. If replicas trust this process as a proxy, they expect a PROXY
// header, and it sends one first.
func newPresence(ready func() []replicas.Replica, self replicas.Replica, port uint16, trustedProxy bool) *presence {
	transport := &http.Transport{DisableKeepAlives: true}
	if trustedProxy {
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if _, err := io.WriteString(conn, proxyHeader); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return conn, nil
		}
	}
	return &presence{ready: ready, self: self, port: port, client: &http.Client{
		Timeout:   presenceTimeout,
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// missing asks all replicas. It returns the names of those that lack one of the answers, and how many it asked.
func (p *presence) missing(ctx context.Context, answers []presented) (names []string, of int) {
	asked := p.ready()
	if len(asked) == 0 {
		asked = []replicas.Replica{p.self}
	}
	for i := range asked {
		for j := range answers {
			if answers[j].Proven {
				continue
			}
			if err := p.look(ctx, &asked[i], &answers[j]); err != nil {
				names = append(names, asked[i].Name)
				break
			}
		}
	}
	return names, len(asked)
}

func (p *presence) look(ctx context.Context, replica *replicas.Replica, answer *presented) error {
	port := replica.HTTPPort
	if p.port != 0 {
		port = p.port
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://"+netip.AddrPortFrom(replica.Address, port).String()+"/.well-known/acme-challenge/"+answer.Token, nil)
	if err != nil {
		return err
	}
	request.Host = answer.Host
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(content)) != answer.KeyAuthorization {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
