// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/explain"
)

const explainUsage = `warren-ingress explain URL [flags]

Says what would become of a request for the URL, and why: the certificate, every rule of its host and why it won or lost, the access
decision, the rate limit, what the endpoint would get, each endpoint's health, and the answer. It asks a running replica, or with -f
compiles manifests without a cluster. Nothing is sent. Its flags:`

// explainFlags is what the command line says.
type explainFlags struct {
	method, client   string
	headers          texts
	files            texts
	class, trusted   string
	taskNetworks     string
	allowSharedHosts bool
	allowLocalTasks  bool
	requireAllowed   bool
}

// texts is a flag that may be given several times.
type texts []string

func (t *texts) String() string { return strings.Join(*t, ", ") }

func (t *texts) Set(s string) error {
	*t = append(*t, s)
	return nil
}

// explainURL prints what would become of a request.
func explainURL(ctx context.Context, args []string, s Streams) error {
	c := newCommand("explain", explainUsage, s)
	var f explainFlags
	c.StringVar(&f.method, "method", "GET", "the request's `method`")
	c.StringVar(&f.client, "client", "", "`address` that the connection comes from (default one that stands for any)")
	c.Var(&f.headers, "header", "field of the request, `'Name: value'`; may be given several times")
	c.Var(&f.files, "f", "`file` or folder with manifests, or - for standard input: explain by these instead of asking a replica; may be given several times")
	c.StringVar(&f.class, "ingress-class", "warren", "with -f, the `class` of the controller")
	c.StringVar(&f.trusted, "trusted-proxies", "", "with -f, comma-separated `CIDRs` or addresses whose forwarding fields are believed")
	c.StringVar(&f.taskNetworks, "task-networks", "", "with -f, comma-separated `CIDRs` or addresses that Tasks may be in, as for the controller (default all)")
	c.BoolVar(&f.allowSharedHosts, "allow-shared-hosts", false, "with -f, as for the controller")
	c.BoolVar(&f.allowLocalTasks, "allow-local-tasks", false, "with -f, as for the controller")
	c.BoolVar(&f.requireAllowed, "require-allowed-hosts", false, "with -f, as for the controller")
	urls, err := c.parse(args)
	switch {
	case err != nil:
		return err
	case len(urls) != 1:
		return misuse{errors.New("write one URL, such as https://shop.example.com/cart")}
	case len(f.files) > 0:
		return c.explainFiles(urls[0], &f)
	}
	query := url.Values{"url": {urls[0]}, "method": {f.method}, "header": f.headers}
	if f.client != "" {
		query.Set("client", f.client)
	}
	return c.ask(ctx, "/explain", query)
}

// explainFiles compiles manifests as the controller does, and has a data plane without a listener explain the request.
func (c *command) explainFiles(target string, f *explainFlags) error {
	question := explain.Question{URL: target, Method: f.method, Headers: f.headers, AnyCertificate: true}
	var err error
	if f.client != "" {
		if question.Peer, err = netip.ParseAddr(f.client); err != nil {
			return misuse{fmt.Errorf("--client is %q: write an address, such as 203.0.113.7", f.client)}
		}
	}
	config := proxy.Config{MaxHeaderBytes: 64 << 10, MaxHeaders: 128} // the controller's defaults
	if config.TrustedProxies, err = networks("trusted-proxies", f.trusted); err != nil {
		return err
	}
	taskNetworks, err := networks("task-networks", f.taskNetworks)
	if err != nil {
		return err
	}
	objects, skipped, err := readManifests(f.files, c.streams.In)
	if err != nil {
		return err
	}
	in, _, err := sources.InputOf(objects, translate.Options{
		IngressClass: f.class, AllowSharedHosts: f.allowSharedHosts, AllowLocalTasks: f.allowLocalTasks,
		RequireAllowedHosts: f.requireAllowed, TaskNetworks: taskNetworks,
	})
	if err != nil {
		return err
	}
	snapshot, reports := translate.Build(in)
	for _, kind := range skipped {
		_, _ = fmt.Fprintf(c.streams.Err, "note: nothing is made of %s\n", kind)
	}
	c.warn(reports)
	p := proxy.New(config)
	if _, err := p.Apply(snapshot); err != nil {
		return fmt.Errorf("the controller would refuse all of this: %w", err)
	}
	e, err := p.Explainer().Explain(&question)
	if err != nil {
		return misuse{err}
	}
	if c.output == "json" {
		encoder := json.NewEncoder(c.streams.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(e)
	}
	return e.WriteText(c.streams.Out, time.Now())
}

// warn prints the conditions that would be False on the objects.
func (c *command) warn(reports []translate.Report) {
	for i := range reports {
		r := &reports[i]
		for _, condition := range r.Conditions {
			if meta.IsStatusConditionFalse([]metav1.Condition{condition}, condition.Type) {
				_, _ = fmt.Fprintf(c.streams.Err, "warning: %s %s/%s: %s=False %s: %s\n",
					r.Kind, r.Namespace, r.Name, condition.Type, condition.Reason, condition.Message)
			}
		}
	}
}
