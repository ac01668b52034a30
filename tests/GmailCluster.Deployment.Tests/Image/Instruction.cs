namespace GmailCluster.Deployment.Tests.Image;

/// <summary>A line of a Dockerfile, such as USER and "10001:10001".</summary>
internal readonly record struct Instruction(string Verb, string Text);
