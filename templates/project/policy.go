package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cairn/releases"
)

// Account stands in the policies for the number of the AWS account, which
// cairn does not know.
const Account = "ACCOUNT"

// Origin is where the repository is hosted, as far as a git remote tells.
type Origin struct {
	Host string // "github.com"; "" where it is not known
	Path string // "acme/ota"; on GitLab, groups may be nested
}

// Policy is a JSON document for AWS IAM, or a service that speaks its policy
// language.
type Policy struct {
	Name string // "publish", "plan", "publish-trust", "plan-trust"
	For  string // what it is, in a line
	JSON []byte
}

type (
	statement struct {
		Effect    string
		Principal *principal `json:",omitempty"`
		Action    any
		Resource  string     `json:",omitempty"`
		Condition conditions `json:",omitempty"`
	}
	principal  struct{ Federated string }
	conditions map[string]map[string]any
)

// Policies are what the roles of CI may do and who may take them on: all that
// cairn needs, and no more. The trust policies are for AWS only.
func Policies(c Config, prefix string, origin Origin) ([]Policy, error) {
	scheme, bucket := releases.CutTarget(c.Publish.To)
	if scheme != "s3" {
		return nil, fmt.Errorf("%q is no bucket: it has no policy", c.Publish.To)
	}
	arn := "arn:" + partition(c.Publish.Region) + ":s3:::" + bucket
	// A bucket tells a missing object from a forbidden one to those who may
	// list it, and then no prefix is stated.
	onBucket := func(action any) statement {
		return statement{Effect: "Allow", Action: action, Resource: arn,
			Condition: conditions{"StringLikeIfExists": {"s3:prefix": prefix + "/*"}}}
	}
	objects := func(actions ...string) statement {
		return statement{Effect: "Allow", Action: actions, Resource: arn + "/" + prefix + "/*"}
	}
	policies := []Policy{
		{"publish", "what the publishing role may do", document(
			onBucket([]string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}),
			objects("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"))},
		{"plan", "what the planning role may do: read", document(onBucket("s3:ListBucket"), objects("s3:GetObject"))},
	}
	if c.SignsIn() && c.CI() {
		policies = append(policies,
			Policy{"publish-trust", "who may take on the publishing role: " + c.Branch, document(c.trust(origin, true)...)},
			Policy{"plan-trust", "who may take on the planning role: any branch of the repository", document(c.trust(origin, false)...)})
	}
	return policies, nil
}

// trust lets the jobs of the repository take on a role.
func (c *Config) trust(origin Origin, publishing bool) []statement {
	var statements []statement
	add := func(provider string, subjects ...string) {
		when := conditions{"StringEquals": {provider + ":aud": "sts.amazonaws.com"}}
		if slices.ContainsFunc(subjects, func(s string) bool { return strings.Contains(s, "*") }) {
			when["StringLike"] = map[string]any{provider + ":sub": subjects}
		} else {
			when["StringEquals"][provider+":sub"] = subjects
		}
		statements = append(statements, statement{
			Effect:    "Allow",
			Principal: &principal{"arn:" + partition(c.Publish.Region) + ":iam::" + Account + ":oidc-provider/" + provider},
			Action:    "sts:AssumeRoleWithWebIdentity",
			Condition: when,
		})
	}
	if c.GitHub {
		owner, name := "OWNER", "REPOSITORY"
		if o, n, ok := strings.Cut(origin.Path, "/"); ok && origin.Host == "github.com" {
			owner, name = o, n
		}
		job := "pull_request"
		if publishing {
			job = "ref:refs/heads/" + c.Branch
		}
		// Repositories since July 2026 have their numbers in the subject.
		add("token.actions.githubusercontent.com",
			"repo:"+owner+"/"+name+":"+job,
			"repo:"+owner+"@OWNER_ID/"+name+"@REPOSITORY_ID:"+job)
	}
	if c.GitLab {
		host, project, branch := "gitlab.com", "GROUP/PROJECT", "*"
		if origin.Path != "" && origin.Host != "github.com" {
			host, project = origin.Host, origin.Path
		}
		if publishing {
			branch = c.Branch
		}
		add(host, "project_path:"+project+":ref_type:branch:ref:"+branch)
	}
	return statements
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func document(statements ...statement) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	// Strings in structs and maps can always be encoded.
	_ = enc.Encode(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", statements})
	return b.Bytes()
}
