// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAWrongFlagEndsTheProcessWithWhatToWriteInstead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arguments []string
		// want are the flag and what to write.
		want []string
	}{
		"unknown flag":                     {[]string{"--http-adresse=:80"}, []string{"-http-adresse", "-help"}},
		"an argument that is no flag":      {[]string{"ls"}, []string{`"ls"`, "only flags"}},
		"address without a port":           {[]string{"--http-address=localhost"}, []string{"--http-address", "127.0.0.1:8000"}},
		"admin address of a port alone":    {[]string{"--admin-address=9091"}, []string{"--admin-address", "127.0.0.1:8000"}},
		"time without a unit":              {[]string{"--read-timeout=5"}, []string{"-read-timeout", "30s"}},
		"grace that is no time":            {[]string{"--host-claim-grace=10"}, []string{"-host-claim-grace", "30s"}},
		"negative time":                    {[]string{"--drain-delay=-1s"}, []string{"-drain-delay", "not negative"}},
		"number that is none":              {[]string{"--max-headers=many"}, []string{"-max-headers", "16 to 4096"}},
		"too few bytes of head":            {[]string{"--max-header-bytes=10"}, []string{"-max-header-bytes", "1024 to 1048576"}},
		"too little memory for heads":      {[]string{"--max-header-memory=1000"}, []string{"--max-header-memory", "1048576 or more", "0"}},
		"negative bound of connections":    {[]string{"--max-connections=-1"}, []string{"-max-connections", "0 or more"}},
		"switch that is neither":           {[]string{"--leader-elect=maybe"}, []string{"-leader-elect", "true or false"}},
		"unknown access log":               {[]string{"--access-log=xml"}, []string{"-access-log", "none, json or combined"}},
		"proxies that are no CIDR":         {[]string{"--trusted-proxies=10.0.0.0/8,10.0.0.0/33"}, []string{"-trusted-proxies", `"10.0.0.0/33"`, "10.0.0.0/8"}},
		"proxies as IPv4 within IPv6":      {[]string{"--trusted-proxies=::ffff:10.0.0.0/104"}, []string{"-trusted-proxies", "write it as IPv4"}},
		"PROXY protocol without proxies":   {[]string{"--proxy-protocol"}, []string{"--proxy-protocol", "--trusted-proxies"}},
		"empty class":                      {[]string{"--ingress-class="}, []string{"--ingress-class", "such as warren"}},
		"empty namespace":                  {[]string{"--namespace="}, []string{"--namespace", "such as warren-system"}},
		"namespaces with an impossible":    {[]string{"--watch-namespaces=default,My_Own"}, []string{"-watch-namespaces", `"My_Own"`, "such as default"}},
		"published address that is none":   {[]string{"--publish-address=https://lb"}, []string{"--publish-address", "203.0.113.7", "lb.example.com"}},
		"published Service without a name": {[]string{"--publish-service=warren"}, []string{"--publish-service", "warren-system/warren-ingress"}},
		"both kinds of published address": {[]string{"--publish-address=lb.example.com", "--publish-service=a/b"},
			[]string{"--publish-address", "--publish-service", "leave one of them out"}},
		"Services of Gateways of no such type": {[]string{"--gateway-services=NodePort"}, []string{"-gateway-services", "ClusterIP or LoadBalancer"}},
		"Services and addresses for Gateways": {[]string{"--gateway-services=ClusterIP", "--gateway-addresses=192.0.2.7"},
			[]string{"--gateway-services", "--gateway-addresses", "leave the other out"}},
		"a collector without a scheme":     {[]string{"--otlp-endpoint=collector:4318"}, []string{"-otlp-endpoint", `"collector:4318"`, "http://collector:4318"}},
		"a collector by gRPC":              {[]string{"--otlp-endpoint=grpc://collector:4317"}, []string{"-otlp-endpoint", "http://collector:4318"}},
		"a collector with a password":      {[]string{"--otlp-endpoint=https://me:secret@collector"}, []string{"-otlp-endpoint", "OTEL_EXPORTER_OTLP_HEADERS"}},
		"a collector with a query":         {[]string{"--otlp-endpoint=https://collector?a=b"}, []string{"-otlp-endpoint", "no query"}},
		"more than all traces":             {[]string{"--otlp-endpoint=http://collector", "--trace-sampling=10"}, []string{"-trace-sampling", "0 to 1", "0.05"}},
		"a part of traces that is none":    {[]string{"--otlp-endpoint=http://collector", "--trace-sampling=NaN"}, []string{"-trace-sampling", "0 to 1"}},
		"a part of traces for nobody":      {[]string{"--trace-sampling=0.1"}, []string{"--trace-sampling", "--otlp-endpoint"}},
		"a trace context of some":          {[]string{"--otlp-endpoint=http://collector", "--trace-context=some"}, []string{"-trace-context", "all or trusted"}},
		"a trace context for nobody":       {[]string{"--trace-context=trusted"}, []string{"--trace-context", "--otlp-endpoint"}},
		"no kubeconfig where one is named": {[]string{"--kubeconfig=" + filepath.Join(t.TempDir(), "none")}, []string{"--kubeconfig", "no such file"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails(t, startController(t, test.arguments...), test.want...)
		})
	}
}

// fails checks that the process has ended with an error whose first line has these texts. A reader may see no more than
// that line.
func fails(t *testing.T, c *controller, want ...string) {
	t.Helper()
	if code := c.exit(); code == 0 {
		t.Error("the exit code is 0, want an error")
	}
	lines := c.stderr.lines()
	if len(lines) != 1 {
		t.Fatalf("standard error has %d lines, want the error alone:\n%s", len(lines), c.stderr.end())
	}
	for _, w := range want {
		if !strings.Contains(lines[0], w) {
			t.Errorf("the error is %q, want it to hold %q", lines[0], w)
		}
	}
}

func TestATakenPortEndsTheProcessWithItsFlagAndAddress(t *testing.T) {
	t.Parallel()
	gate := newGateway(t)
	kubeconfig := writeKubeconfig(t, gate.config())
	for _, flag := range []string{"http-address", "https-address", "metrics-address", "health-address", "admin-address"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			address := taken.Addr().String()
			fails(t, startController(t, "--kubeconfig="+kubeconfig, "--"+flag+"="+address), "--"+flag, address, "address already in use")
		})
	}
}

func TestVersionIsPrinted(t *testing.T) {
	t.Parallel()
	c := startController(t, "-version")
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	if got, want := c.stdout.String(), "warren-ingress "+builtVersion+"\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestNothingAtAllPrintsHelpAndJoinsNoCluster(t *testing.T) {
	t.Parallel()
	said, err := exec.CommandContext(t.Context(), program.path(t)).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "Available Commands") {
		t.Errorf("it says %q (%v), want help", said, err)
	}
}

func TestHelpDescribesEveryFlag(t *testing.T) {
	t.Parallel()
	c := startController(t, "-help")
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	help := c.stdout.String()
	for _, flag := range []string{
		"http-address", "https-address", "metrics-address", "health-address", "admin-address", "ingress-class", "watch-namespaces", "peer-namespaces",
		"namespace", "allow-shared-hosts", "require-allowed-hosts", "host-claim-grace", "allow-local-tasks", "task-networks", "gateway-controller", "gateway-addresses", "gateway-services", "publish-address", "publish-service", "leader-elect", "trusted-proxies", "proxy-protocol",
		"access-log", "read-timeout", "write-timeout", "idle-timeout", "min-rate", "max-header-bytes", "max-headers", "max-connections",
		"drain-delay", "drain-timeout", "otlp-endpoint", "trace-sampling", "trace-context", "kubeconfig", "zap-log-level",
	} {
		if !strings.Contains(help, "  --"+flag+"\n") && !strings.Contains(help, "  --"+flag+" ") {
			t.Errorf("-help does not describe --%s", flag)
		}
	}
}
