// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/tracing"
)

// tracingFlags is what the command line says of tracing.
type tracingFlags struct {
	// endpoint is nil where there is no tracing.
	endpoint    *url.URL
	sampling    float64
	trustedOnly bool
}

func (f *tracingFlags) bind(set *flag.FlagSet) {
	set.Func("otlp-endpoint", "`URL` of an OpenTelemetry collector that takes traces by OTLP over HTTP, such as http://collector:4318; without one there is no tracing", func(s string) (err error) {
		f.endpoint, err = parseCollector(s)
		return err
	})
	set.Var(fractionFlag(&f.sampling, 1), "trace-sampling", "`part` of the traces beginning here that is recorded, from 0 to 1; of others, whoever sent the request decides")
	set.Func("trace-context", "`whose` trace context requests go on with: that of all clients, or of trusted ones, the --trusted-proxies, alone (default all)", func(s string) error {
		switch s {
		case "all", "trusted":
			f.trustedOnly = s == "trusted"
			return nil
		}
		return errors.New("write all or trusted")
	})
}

func parseCollector(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is no URL of a collector: write one such as http://collector:4318", s)
	case u.User != nil:
		return nil, errors.New("a password is in the URL, where everybody sees it: put it into a header field, by the variable OTEL_EXPORTER_OTLP_HEADERS")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q has more than a collector's URL: write no query and no fragment", s)
	}
	return u, nil
}

func (f *tracingFlags) validate() error {
	switch {
	case f.endpoint != nil:
		return nil
	case f.sampling != 1:
		return errors.New("--trace-sampling needs --otlp-endpoint: nothing is recorded without a collector to send it to")
	case f.trustedOnly:
		return errors.New("--trace-context needs --otlp-endpoint: the context passes untouched without a collector")
	}
	return nil
}

// tracing returns what the proxy is to be told, and what sends spans; nothing where there is no tracing.
func (f *tracingFlags) tracing(ctx context.Context, instance string, logger logr.Logger) (*observe.Tracing, *tracing.Exporter, error) {
	if f.endpoint == nil {
		return nil, nil, nil
	}
	exporter, err := tracing.New(ctx, tracing.Options{Logger: logger.WithName("tracing"), Endpoint: f.endpoint, Version: version, Instance: instance})
	if err != nil {
		return nil, nil, fmt.Errorf("--otlp-endpoint: %w", err)
	}
	return &observe.Tracing{Sampling: f.sampling, TrustedOnly: f.trustedOnly, Recorder: exporter}, exporter, nil
}
