package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"cairn/cmd/cairn/internal/cli"
	scaffold "cairn/templates/project"
)

// PrintPolicies prints each policy below its name and what it is for.
func PrintPolicies(w io.Writer, policies []scaffold.Policy) error {
	for _, p := range policies {
		if _, err := fmt.Fprintf(w, "\n%s: %s\n%s", p.Name, p.For, p.JSON); err != nil {
			return err
		}
	}
	return nil
}

// PrintNext says what there is to do after init.
func PrintNext(w io.Writer, dir string, c scaffold.Config, origin scaffold.Origin, kept []string) error {
	if strings.HasPrefix(c.Publish.To, "s3://") {
		policies, err := scaffold.Policies(c, c.Slug, origin)
		if err != nil {
			return err
		}
		if err := PrintPolicies(w, policies); err != nil {
			return err
		}
	}
	var steps []string
	for _, f := range kept {
		switch {
		case f == ".gitignore":
			steps = append(steps, "let .gitignore, which was kept, leave out "+c.Ignored())
		case strings.HasSuffix(f, ".yml"):
			steps = append(steps, "compare "+f+", which was kept, with what init writes into an empty folder")
		}
	}
	if c.CI() {
		steps = append(steps, "fill in "+filepath.Join(dir, scaffold.InstallScript)+": where CI gets cairn")
		steps = append(steps, ciSteps(c)...)
	} else if strings.HasPrefix(c.Publish.To, "s3://") {
		steps = append(steps, "give the policy above to whoever publishes")
	}
	in := ""
	if filepath.Clean(dir) != "." {
		in = "-C " + cli.ShellWord(dir) + " "
	}
	steps = append(steps, "bring in the first payload:\n     cairn "+in+"upload-ota-payload --software-type main-fw --hardware-version mp --software-version 1.0.0 FILE")
	if c.CI() {
		steps = append(steps, "commit, and push to "+c.Branch)
	} else {
		steps = append(steps, "cairn "+in+"check && cairn "+in+"publish")
	}
	fmt.Fprint(w, "\nNext:\n")
	for i, s := range steps {
		if _, err := fmt.Fprintf(w, "  %d. %s\n", i+1, s); err != nil {
			return err
		}
	}
	return nil
}

// ciSteps are what gives CI its credentials.
func ciSteps(c scaffold.Config) []string {
	where := map[bool]string{true: "GitHub", false: "GitLab"}[c.GitHub]
	if c.GitHub && c.GitLab {
		where = "GitHub or GitLab"
	}
	var more []string
	if c.SecondSigner {
		more = []string{
			"make the environment " + scaffold.SecondSigner + " at GitHub, for the branch " + c.Branch + " alone: its secret CAIRN_SIGN_KEY is the second online key",
			"set the secret CAIRN_SIGN_KEY of the job that publishes to the first one",
		}
	}
	if c.Gates {
		more = append(more, "where "+c.Branch+" is protected, set the secret "+scaffold.PushToken+" to a token that may push to it (docs/adoption.md)")
	}
	if c.SignsIn() {
		return append(more,
			"make two roles of the policies above, with your account for "+scaffold.Account+" (docs/starting.md, step by step)",
			"set the variables OTA_PUBLISH_ROLE and OTA_PLAN_ROLE to their ARNs at "+where,
		)
	}
	return append(more,
		"make two keys with the policies above (docs/starting.md)",
		"set the secrets OTA_PUBLISH_KEY_ID, OTA_PUBLISH_KEY_SECRET, OTA_PLAN_KEY_ID and OTA_PLAN_KEY_SECRET at "+where,
	)
}
