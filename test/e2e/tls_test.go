// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"
)

func TestANameWithoutACertificateIsRefusedInTheHandshake(t *testing.T) {
	installed(t)
	dialer := &tls.Dialer{
		NetDialer: &net.Dialer{Timeout: exchangeTimeout},
		Config:    &tls.Config{ServerName: "unknown.example.org", MinVersion: tls.VersionTLS12},
	}
	ctx, cancel := context.WithTimeout(t.Context(), exchangeTimeout+time.Second)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", warren.https)
	if err == nil {
		_ = conn.Close()
		t.Fatal("the handshake succeeded")
	}
	// Only crypto/tls has the type of an alert that arrives.
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" || remote.Err.Error() != "tls: unrecognized name" {
		t.Errorf("the handshake ended with %v, want the alert unrecognized_name", err)
	}
}
