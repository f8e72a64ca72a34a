package edgetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cairn/manifest"
	"cairn/publish/edge/conformance"
	"cairn/publish/edge/conformance/conformancetest"
	"cairn/templates/edge/cloudfront"
)

// TestCloudfrontInNjs runs the function in njs, on which CloudFront's runtime
// is built, on the requests of all cases. It must do what it does in Node.js.
func TestCloudfrontInNjs(t *testing.T) {
	s := conformancetest.Odd()
	same := 0
	for batch := range slices.Chunk(cases(s), 200) { // njs frees nothing before its end
		node, njs := call(t, "node", s, batch), call(t, "njs", s, batch)
		for i := range batch {
			if node[i] != njs[i] {
				t.Fatalf("%s\nin Node.js\n%s\nin njs\n%s", batch[i].Name, node[i], njs[i])
			}
		}
		same += len(batch)
	}
	t.Logf("%d answers are the same", same)
}

// TestCloudfrontDigits asks for buckets of one to four digits, whose bits are
// laid out in the store in different ways.
func TestCloudfrontDigits(t *testing.T) {
	for digits := 1; digits <= 4; digits++ {
		s := smartfridge(t)
		s.Fleet.Project.BucketDigits = digits
		asked := slices.DeleteFunc(cases(s), func(c conformance.Case) bool { return !strings.HasPrefix(c.Name, "api/") })
		for i, answer := range call(t, "node", s, asked) {
			var got struct{ StatusCode int }
			if err := json.Unmarshal([]byte(answer), &got); err != nil {
				t.Fatal(err)
			}
			if want := asked[i].Want.Status; got.StatusCode == 0 && want[0] != 200 || got.StatusCode != 0 && !slices.Contains(want, got.StatusCode) {
				t.Errorf("%d digits: %s: %s, should be %d", digits, asked[i].Name, answer, want)
			}
		}
		t.Logf("%d digits: %d cases", digits, len(asked))
	}
}

// cases are those of a fleet that a function could pass.
func cases(s *conformancetest.Sample) []conformance.Case {
	return slices.DeleteFunc(conformance.Cases(s.Fleet, s.At), func(c conformance.Case) bool { return c.Lacks(function) != "" })
}

// call calls the function of a fleet for cases, in node or njs, and gives what
// it returns.
func call(t *testing.T, engine string, s *conformancetest.Sample, cases []conformance.Case) []string {
	t.Helper()
	installed(t, engine)
	function, err := cloudfront.Function(s.Fleet)
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[string]string{}
	for _, p := range cloudfront.Pairs(manifest.New(s.Fleet, s.At)) {
		pairs[p.Key] = p.Value
	}
	var requests []request
	for _, c := range cases {
		requests = append(requests, requestOf(c))
	}
	program := fmt.Sprintf(`const pairs = %s;
const cf = { kvs: () => ({ get: async (key) => { if (pairs[key] === undefined) throw new Error('none'); return pairs[key]; } }) };
%s
const requests = %s;
for (let i = 0; i < requests.length; i++) {
  const request = requests[i], raw = request.raw;
  request.rawQueryString = () => raw;
  handler({ request: request }).then((answer) => console.log(i + ' ' + JSON.stringify(answer)));
}
`, marshal(t, pairs), strings.Replace(string(function), "import cf from 'cloudfront';\n", "", 1), marshal(t, requests))
	script := filepath.Join(t.TempDir(), "function.js")
	if err := os.WriteFile(script, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), engine, script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%.2000s", engine, err, out)
	}
	answers, n := make([]string, len(cases)), 0
	for line := range strings.Lines(string(out)) {
		number, answer, _ := strings.Cut(strings.TrimSpace(line), " ")
		i, err := strconv.Atoi(number)
		if err != nil || i >= len(answers) {
			t.Fatalf("%s prints %q", engine, line)
		}
		answers[i], n = answer, n+1
	}
	if n != len(cases) {
		t.Fatalf("%s gives %d answers for %d requests", engine, n, len(cases))
	}
	return answers
}

// request is that of an event.
type request struct {
	Method  string                       `json:"method"`
	URI     string                       `json:"uri"`
	Raw     string                       `json:"raw"`
	Headers map[string]map[string]string `json:"headers"`
}

func requestOf(c conformance.Case) request {
	r := request{Method: c.Method, Headers: map[string]map[string]string{}}
	r.URI, r.Raw, _ = strings.Cut(c.Target, "?")
	for _, line := range c.Headers {
		name, value, _ := strings.Cut(line, ":")
		r.Headers[strings.ToLower(name)] = map[string]string{"value": strings.TrimSpace(value)}
	}
	return r
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
