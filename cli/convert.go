// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/convert"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
)

func (p *program) convert() *cobra.Command {
	var f controllerFlags
	var namespace string
	var options convert.Options
	c := &cobra.Command{
		Use: "convert DIR...", Short: "Print what Ingresses are as a Gateway and HTTPRoutes",
		Long: `Reads Ingresses, this controller's and those of networking.k8s.io, and prints what serves the same by the Gateway API: a Gateway in each
namespace, HTTPRoutes, and RoutePolicies for what routes have no field for. Apply them beside the Ingresses, and delete these once clients come
to the Gateway.

A rule that routes cannot say answers 500. It is told of on standard error and in comments, and the exit code is 1. So it is if a request to a
path would get something else than today. Include Services and Secrets, and what else the Ingresses refer to: the Services' ports count. DIR
may be a file too, or - for standard input.`,
		Example: `  warren-ingress convert manifests/ > gateway.yaml
  kubectl get ingresses,services -A -o yaml | warren-ingress convert - --gateway=public`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{fmt.Errorf("write at least one folder or file with manifests")}
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	flags := c.Flags()
	flags.StringVar(&options.Gateway, "gateway", "web", "`name` of the Gateways")
	flags.StringVar(&options.Class, "gateway-class", "warren", "`name` of their GatewayClass")
	flags.Int32Var(&options.HTTPPort, "http-port", 80, "`port` of their listeners of protocol HTTP")
	flags.Int32Var(&options.HTTPSPort, "https-port", 443, "`port` of their listeners of protocol HTTPS")
	f.bind(flags, "")
	flags.StringVarP(&namespace, namespaceFlag, "n", "", "`namespace` of objects that name none (default \"default\")")
	c.RunE = func(_ *cobra.Command, args []string) error {
		read, err := manifests.Read(args, p.streams.In, manifests.Options{Namespace: namespace, Uses: sources.Uses})
		switch {
		case err != nil:
			return err
		case len(read.Faults) > 0:
			return &read.Faults[0]
		}
		result, err := f.convert(read.Objects, &options)
		if err != nil {
			return err
		}
		return p.writeConverted(result)
	}
	return c
}

// convert converts Ingresses, and asks for each rule what a request to it gets before and after.
func (f *controllerFlags) convert(objects []client.Object, options *convert.Options) (*convert.Result, error) {
	objects = sources.WithPods(objects)
	before, err := f.compile(objects)
	if err != nil {
		return nil, err
	}
	result := convert.Convert(&convert.Input{Options: *options, Manifests: objects, Made: before.in, Snapshot: before.snapshot})
	after, err := f.compile(slices.Concat(withoutIngresses(objects), result.Objects, []client.Object{newClass(f.gateways, options.Class)}))
	if err != nil {
		return nil, err
	}
	for i := range result.Rules {
		rule := &result.Rules[i]
		for _, scheme := range []string{"http", "https"} {
			question, ok := questionFor(nil, rule.Host, rule.Match.Path, rule.Match.Conditions)
			if !ok {
				break // An expression says which requests it is for.
			}
			if scheme == "https" && !rule.Secure {
				continue // Without a certificate the handshake fails today.
			}
			question.URL = scheme + strings.TrimPrefix(question.URL, "http")
			if different := differs(before, after, rule, question, options); different != "" {
				result.Remarks = append(result.Remarks, convert.Remark{Of: rule.Of, Text: question.URL + " would not get what it gets today: " + different, Lost: true})
			}
		}
	}
	if takesChartPort(result.Objects) {
		result.Remarks = append(result.Remarks, convert.Remark{Of: "Gateways", Text: "the chart's Service leads its ports 80 and 443 to Ingresses. For clients to reach these listeners there, " +
			"set gatewayAPI.services.type; or write --http-port=8080 --https-port=8444, and set gatewayAPI.ports to [8080, 8444]"})
	}
	return result, nil
}

// takesChartPort returns whether a Gateway has a port that leads to Ingresses in the Service that the chart makes.
func takesChartPort(objects []client.Object) bool {
	return slices.ContainsFunc(objects, func(object client.Object) bool {
		gateway, ok := object.(*gatewayv1.Gateway)
		return ok && slices.ContainsFunc(gateway.Spec.Listeners, func(l gatewayv1.Listener) bool { return l.Port == 80 || l.Port == 443 })
	})
}

// withoutIngresses returns the objects that are no Ingresses.
func withoutIngresses(objects []client.Object) []client.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o client.Object) bool {
		switch o.(type) {
		case *v1alpha1.Ingress, *networkingv1.Ingress:
			return true
		}
		return false
	})
}

// newClass returns a GatewayClass of a controller.
func newClass(controller, name string) client.Object {
	class := gatewayapi.NewClass(controller)
	class.Name = name
	return class
}

// differs says how the answer to a question differs after the conversion. It is empty if it does not.
func differs(before, after *compiled, rule *convert.Rule, q *explain.Question, options *convert.Options) string {
	was, err := before.proxy.Explainer().Explain(q)
	if err != nil {
		return "" // It is no request that a client could send.
	}
	secure := strings.HasPrefix(q.URL, "https:")
	if rule.Redirected && !secure && was.Answer.Location == "" {
		return "" // The Secret is not among the files, without which nothing is redirected today.
	}
	moved := *q
	moved.URL = movedTo(q.URL, secure, options)
	is, err := after.proxy.Explainer().Explain(&moved)
	if err != nil {
		return err.Error()
	}
	if was.Answer.Status == 503 && is.Answer.Status == 500 {
		return "" // Nothing is behind it either way.
	}
	old, latest := fateOf(was), fateOf(is)
	names := fateNames
	if was.Pool == nil || len(was.Pool.Tasks) == 0 {
		names = names[:len(names)-2] // Nothing is known of what is behind the rule.
	}
	for i, name := range names {
		if !reflect.DeepEqual(old[i], latest[i]) {
			return fmt.Sprintf("%s %v, and not %v", name, latest[i], old[i])
		}
	}
	return ""
}

// movedTo returns a URL that names the port of the new listeners, unless that is the usual one.
func movedTo(url string, secure bool, options *convert.Options) string {
	port, usual := options.HTTPPort, int32(80)
	if secure {
		port, usual = options.HTTPSPort, 443
	}
	if port == usual {
		return url
	}
	scheme, rest, _ := strings.Cut(url, "://")
	end := strings.IndexAny(rest+"/", "/?")
	return fmt.Sprintf("%s://%s:%d%s", scheme, rest[:end], port, rest[end:])
}

// fateNames name the values of a fate. The last two are about what is behind the rule.
var fateNames = []string{"the status is", "it is redirected to", "access control says", "the rate limit is", "the policies say", "the endpoint gets",
	"it is copied to", "its error pages are", "its session is", "it is tried again by", "the pool is", "the backends are"}

// fateOf returns what becomes of a request, as values that can be compared. An answer has the same meaning under
// another reason.
func fateOf(e *explanation.Explanation) []any {
	var limit, upstream, pool any
	if e.RateLimit != nil {
		limit = []any{e.RateLimit.PerSecond, e.RateLimit.Burst}
	}
	if u := e.Upstream; u != nil {
		fields := []string{u.Method, u.Target}
		for _, h := range u.Headers {
			switch h.Name {
			case "X-Request-Id", "CDN-Loop", "Host", "X-Forwarded-Host", "X-Forwarded-Port": // They differ by the request, or by the port.
			default:
				fields = append(fields, h.Name+": "+h.Value)
			}
		}
		upstream = fields
	}
	if e.Pool != nil {
		tasks := []string{e.Pool.Service, e.Pool.Protocol, e.Pool.TLS, e.Pool.Policy}
		for i := range e.Pool.Tasks {
			tasks = append(tasks, e.Pool.Tasks[i].Address)
		}
		pool = tasks
	}
	mirrors := make(map[string]float64)
	for _, m := range e.Mirrors {
		mirrors[m.Service] += m.Share
	}
	var access any
	if e.Access != nil {
		access = *e.Access
	}
	shares := make(map[string]float64)
	for _, b := range e.Backends {
		shares[b.Service] += b.Share
	}
	pages := make(map[string][]int)
	for _, p := range e.ErrorPages {
		at := p.Service + p.Path
		pages[at] = append(pages[at], p.Statuses...)
	}
	return []any{e.Answer.Status, e.Answer.Location, access, limit, e.Policies, upstream, mirrors, pages, e.Session, e.Retries, pool, shares}
}

// writeConverted writes the objects with what is to be known of them. It returns ErrSaid if something is lost.
func (p *program) writeConverted(result *convert.Result) error {
	var text bytes.Buffer
	lost := 0
	for _, r := range result.Remarks {
		kind := "note"
		if r.Lost {
			kind = "not converted"
			lost++
		}
		line := fmt.Sprintf("%s: %s: %s", kind, r.Of, strings.ReplaceAll(r.Text, "\n", " "))
		_, _ = fmt.Fprintln(p.streams.Err, line)
		text.WriteString("# " + line + "\n")
	}
	for i, object := range result.Objects {
		document, err := documentOf(object)
		if err != nil {
			return err
		}
		if i > 0 || text.Len() > 0 {
			text.WriteString("---\n")
		}
		text.Write(document)
	}
	if _, err := text.WriteTo(p.streams.Out); err != nil {
		return err
	}
	if lost > 0 {
		return ErrSaid
	}
	return nil
}

// documentOf returns an object as its author would write it, without a status.
func documentOf(object client.Object) ([]byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", object.GetName(), err)
	}
	var written map[string]any
	if err := json.Unmarshal(text, &written); err != nil {
		return nil, fmt.Errorf("writing %s: %w", object.GetName(), err)
	}
	delete(written, "status")
	return yaml.Marshal(written)
}
