// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// secureClient uses HTTPS, resumes sessions, and sometimes sends or fetches much.
type secureClient struct {
	*session
	config *tls.Config
}

func newSecureClient(v *visitor) client {
	c := &secureClient{config: &tls.Config{
		RootCAs:            v.authority.roots,
		ServerName:         secureHost,
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}}
	if v.rnd.IntN(2) == 0 {
		c.config.MaxVersion = tls.VersionTLS12
	}
	if v.rnd.IntN(2) == 0 {
		c.config.ServerName = "x" + strconv.Itoa(v.rnd.IntN(1000)) + wildcardHost[1:]
	}
	c.session = newSession(v, func() (*wire, error) { return v.dialTLS(c.config) })
	return c
}

// secureSize bounds the larger transfers.
const secureSize = 1 << 20

func (c *secureClient) round() (string, error) {
	host := c.config.ServerName
	switch c.rnd.IntN(16) {
	case 0:
		return "", c.upload(host, c.spread(0, secureSize), c.rnd.IntN(2) == 0)
	case 1:
		_, err := c.fetch(host, "?chunked", c.spread(0, secureSize))
		return "", err
	}
	_, err := c.fetch(host, "", c.rnd.Int64N(smallSize))
	if err != nil || c.wire == nil {
		return "", err
	}
	if c.wire.Conn.(*tls.Conn).ConnectionState().DidResume {
		return "on a resumed session", nil
	}
	return "", nil
}

// rotationWatcher connects again and again to a host whose certificate is replaced all the time.
type rotationWatcher struct{ *visitor }

func newRotationWatcher(v *visitor) client {
	w := rotationWatcher{v}
	return roundFunc(w.round)
}

func (c rotationWatcher) round() (string, error) {
	config := &tls.Config{RootCAs: c.authority.roots, ServerName: rotatingHost}
	earliest := c.churn.applied.Load()
	s := newSession(c.visitor, func() (*wire, error) { return c.dialTLS(config) })
	defer s.close()
	w, err := s.open()
	if err != nil {
		return "", err
	}
	latest := c.churn.begun.Load()
	serial := w.Conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Uint64()
	// A certificate's serial number is the version of the configuration that it came with.
	if serial > latest || serial+rotateInterval <= earliest {
		return "", fmt.Errorf("got the certificate of version %d while versions %d to %d were served", serial, earliest, latest)
	}
	_, err = s.fetch(rotatingHost, "", c.rnd.Int64N(smallSize))
	return "", err
}

// stranger comes to the port for HTTPS with something that it cannot serve.
type stranger struct{ *visitor }

func newStranger(v *visitor) client {
	s := stranger{v}
	return roundFunc(s.round)
}

func (s stranger) round() (string, error) {
	names := []string{unknownHost, "", "a.b" + wildcardHost[1:]}
	if i := s.rnd.IntN(len(names) + 1); i < len(names) {
		outcome, err := s.handshake(names[i])
		if err == nil && outcome != unrecognizedName {
			err = fmt.Errorf("for the name %q got %s", names[i], outcome)
		}
		return "", err
	}
	return "", s.plain()
}

// handshake returns the outcome of one for that name.
func (v *visitor) handshake(name string) (string, error) {
	// If the host has no certificate, there is nothing to check.
	config := &tls.Config{RootCAs: v.authority.roots, ServerName: name, InsecureSkipVerify: name == ""}
	w, err := v.dialTLS(config)
	var alert *net.OpError
	switch {
	case err == nil:
		_ = w.Close()
		return "200", nil
	case errors.As(err, &alert) && strings.Contains(alert.Error(), "unrecognized name"):
		return unrecognizedName, nil
	}
	return "", err
}

// plain speaks HTTP where TLS is expected. No client could take the answer for one of HTTP.
func (s stranger) plain() error {
	w, err := s.dialTo(s.secure)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := w.send(s.call("GET", secureHost, "/bytes/1/1").head()); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	start, _ := w.in.Peek(len("HTTP/"))
	if string(start) == "HTTP/" {
		return errors.New("plain HTTP got an answer on the port for HTTPS")
	}
	return nil
}
