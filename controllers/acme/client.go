// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-acme/lego/v4/acme/api"
)

const (
	// requestTimeout bounds each request. An authority that needs longer for an order answers at once, and is asked again.
	requestTimeout = 30 * time.Second
	// directoryAge is how long a directory is reused. It rarely changes: only with the authority's software.
	directoryAge = time.Hour
)

// Options say which authority a [Client] talks to.
type Options struct {
	// Directory is the URL of the authority's directory. It must be https.
	Directory string
	// Roots are trusted for the authority's own TLS certificate. Nil stands for those of the system.
	Roots *x509.CertPool
	// UserAgent names the program to the authority, such as "warren-ingress/v1.2.3".
	UserAgent string
}

// Client talks to one authority for any number of accounts. Several goroutines may use it at once.
type Client struct {
	options   Options
	transport http.RoundTripper
	directory directoryCache
}

// New returns a client. It sends nothing.
func New(options Options) (*Client, error) {
	if u, err := url.Parse(options.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the ACME directory %q is no https URL: write one such as https://acme-v02.api.letsencrypt.org/directory",
			options.Directory)
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: options.Roots},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: requestTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       time.Minute,
	}
	return &Client{options: options, transport: transport}, nil
}

// Account is who orders. URL is the account's name at the authority, empty for an account that is not registered.
type Account struct {
	Key crypto.Signer
	URL string
}

// session is lego's client for the requests of one call. Lego takes no context, and hides most headers of a response.
// So each call has its own transport, which has the context and keeps the headers.
type session struct {
	*api.Core
	transport *callTransport
}

func (c *Client) session(ctx context.Context, account Account) (*session, error) {
	transport := &callTransport{ctx: ctx, to: c.transport, directory: &c.directory, url: c.options.Directory}
	core, err := api.New(&http.Client{Transport: transport, Timeout: requestTimeout}, c.options.UserAgent, c.options.Directory, account.URL, account.Key)
	if err != nil {
		return nil, transport.explain("reading the directory", err)
	}
	return &session{Core: core, transport: transport}, nil
}

// errNoAccount is returned for a request that an account has to sign, if the account is not registered.
var errNoAccount = errors.New("the account is not registered")

func (c *Client) accountSession(ctx context.Context, account Account) (*session, error) {
	if account.URL == "" {
		return nil, errNoAccount
	}
	return c.session(ctx, account)
}
