// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
)

// explainFlags is what the command line says.
type explainFlags struct {
	method, client, listener string
	headers                  []string
	ask, watch               bool
	files                    []string
	namespace                string
	controller               controllerFlags
	output                   *outputFlag
}

func (p *program) explain() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use: "explain URL", Short: "Say what would become of a request, and why",
		Long: `Says what would become of a request for the URL, and why: the certificate, every rule of its host and why it won or lost, the access
decision, the rate limit, what the endpoint would get, each endpoint's health, and the answer. It asks a running replica, or with -f
compiles manifests without a cluster. Nothing is sent, but with --ask the questions about who gets in. A URL without a scheme is one of http, as for curl, whose -H and -X there are.

The request goes to the Gateway's listener at the URL's port, and where Ingresses are served if no listener has that port.`,
		Example: `  warren-ingress explain https://shop.example.com/cart --client 203.0.113.7
  warren-ingress explain shop.example.com/cart -X POST -H 'Content-Type: application/json'
  warren-ingress explain http://shop.example.com:8080/cart
  warren-ingress explain https://shop.example.com/cart -f manifests/`,
		Args:              arity(1, 1, "one URL, such as https://shop.example.com/cart"),
		ValidArgsFunction: p.completeURL,
	}
	flags := c.Flags()
	flags.StringVarP(&f.method, "method", "X", "GET", "the request's `method`")
	flags.StringVar(&f.client, "client", "", "`address` that the connection comes from (default one that stands for any)")
	flags.StringVar(&f.listener, "listener", "", "`address` of the listener that it goes to, or its Gateway as namespace/name, if several listeners have the URL's port")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "field of the request, `'Name: value'`; may be given several times")
	flags.BoolVar(&f.ask, "ask", false, "ask whom the rule asks who gets in, such as a service, instead of saying who would be asked")
	flags.BoolVarP(&f.watch, "watch", "w", false, "go on, and explain it again whenever something about it has changed")
	flags.StringArrayVarP(&f.files, "filename", "f", nil, "`file` or folder with manifests, or - for standard input: explain by these instead of asking a replica; may be given several times")
	if !p.isPlugin() { // kubectl warren has the flag for all of its commands.
		flags.StringP(namespaceFlag, "n", "", "with -f, the `namespace` of objects that name none (default \"default\")")
	}
	f.controller.bind(flags, "with -f, ")
	f.output = newOutput(c, formatText, formatJSON, formatYAML)
	p.colour.bind(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		f.namespace = c.Flag(namespaceFlag).Value.String()
		if f.watch {
			if len(f.files) > 0 {
				return misuse{errors.New("--watch asks a running replica again and again, so it does not go with -f: leave one of them out")}
			}
			return p.watchExplanation(c.Context(), withScheme(args[0]), &f, time.NewTicker(watchInterval).C)
		}
		e, err := p.explanation(c.Context(), withScheme(args[0]), &f)
		if err != nil {
			return err
		}
		return p.writeExplanation(e, &f)
	}
	return c
}

// writeExplanation writes an explanation in the format that is asked for.
func (p *program) writeExplanation(e *explanation.Explanation, f *explainFlags) error {
	if f.output.isData() {
		return f.output.write(p.streams.Out, e)
	}
	var text bytes.Buffer
	if err := e.WriteText(&text, time.Now()); err != nil {
		return err
	}
	if p.colour.on(p.streams.Out) {
		text = *bytes.NewBufferString(paintExplanation(text.String(), e))
	}
	_, err := text.WriteTo(p.streams.Out)
	return err
}

// scheme is the beginning of an absolute URL (RFC 3986, section 3.1).
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// withScheme returns a URL as curl understands it.
func withScheme(target string) string {
	if scheme.MatchString(target) {
		return target
	}
	return "http://" + target
}

// explanation asks a replica, or compiles manifests and asks what would serve them.
func (p *program) explanation(ctx context.Context, target string, f *explainFlags) (*explanation.Explanation, error) {
	if len(f.files) > 0 {
		if f.ask {
			return nil, misuse{errors.New("--ask has a running replica ask, so it does not go with -f: leave one of them out")}
		}
		return p.explainFiles(target, f)
	}
	query := url.Values{"url": {target}, "method": {f.method}, "header": f.headers}
	if f.client != "" {
		query.Set("client", f.client)
	}
	if f.listener != "" {
		query.Set("listener", f.listener)
	}
	if f.ask {
		query.Set("ask", "true")
	}
	from, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	var e explanation.Explanation
	return &e, answer(ctx, from, explainPath, query, &e)
}

// explainFiles compiles manifests as the controller does, and has a data plane without a listener explain the request.
func (p *program) explainFiles(target string, f *explainFlags) (*explanation.Explanation, error) {
	question := explain.Question{URL: target, Method: f.method, Headers: f.headers, AnyCertificate: true}
	var err error
	if f.client != "" {
		if question.Peer, err = netip.ParseAddr(f.client); err != nil {
			return nil, misuse{fmt.Errorf("--client is %q: write an address, such as 203.0.113.7", f.client)}
		}
	}
	question.Listener = f.listener
	read, err := manifests.Read(f.files, p.streams.In, manifests.Options{Namespace: f.namespace, Uses: sources.Uses})
	switch {
	case err != nil:
		return nil, err
	case len(read.Faults) > 0:
		return nil, &read.Faults[0]
	}
	c, err := f.controller.compile(read.Objects)
	if err != nil {
		return nil, err
	}
	for _, kind := range read.Skipped {
		p.note("nothing is made of %s", kind)
	}
	p.warn(c)
	e, err := c.proxy.Explainer().Explain(&question)
	if err != nil {
		return nil, misuse{err}
	}
	e.Hints = append(e.Hints, sources.Hints(sources.LeftOut(read.Objects, f.controller.class, c.nginx), e.Request.Host, e.Served())...)
	return e, nil
}

// warn prints the conditions that would be False on the objects.
func (p *program) warn(c *compiled) {
	for i := range c.reports {
		r := &c.reports[i]
		if c.isGateway(r) {
			continue
		}
		for _, condition := range r.Conditions {
			if meta.IsStatusConditionFalse([]metav1.Condition{condition}, condition.Type) {
				_, _ = fmt.Fprintf(p.streams.Err, "warning: %s %s/%s: %s: %s\n", r.Kind, r.Namespace, r.Name, said(r, &condition), condition.Message)
			}
		}
	}
	for _, o := range c.objections() {
		_, _ = fmt.Fprintf(p.streams.Err, "warning: %s: %s=%s %s: %s\n", o.place(), o.Type, o.Status, o.Reason, o.Message)
	}
}

// said returns how an object says a condition that is False: a standard Ingress has events under the same reasons, and
// no conditions.
func said(r *translate.Report, condition *metav1.Condition) string {
	if r.Kind == kinds.StandardKind {
		return condition.Reason
	}
	return condition.Type + "=False " + condition.Reason
}

// paintExplanation colours the lines of an explanation that say how it ends.
func paintExplanation(text string, e *explanation.Explanation) string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		whole, end := strings.CutSuffix(line, "\n")
		shade := plain
		switch begins := func(word string) bool { return strings.HasPrefix(whole, word) }; {
		case begins("answer ") && (e.Answer.Status >= 400 || e.Answer.TLSAlert != ""), begins("access") && e.Access != nil && !e.Access.Admitted:
			shade = bad
		case begins("answer ") && e.Answer.Status >= 300, begins("hint "):
			shade = notice
		case begins("answer "):
			shade = good
		case strings.HasPrefix(strings.TrimSpace(whole), "-> "):
			shade = strong
		case begins(" ") && strings.Contains(whole, "  OUT"):
			shade = bad
		}
		lines[i] = shade.paint(whole)
		if end {
			lines[i] += "\n"
		}
	}
	return strings.Join(lines, "")
}
