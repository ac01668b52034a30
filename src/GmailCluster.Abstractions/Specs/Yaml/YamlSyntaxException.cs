namespace GmailCluster.Specs.Yaml;

/// <summary>Text that is not YAML, or uses a part of YAML that specs do not.</summary>
internal sealed class YamlSyntaxException(int line, string problem, string remedy, Exception? inner = null) : Exception(problem, inner)
{
    public int Line { get; } = line;

    public string Remedy { get; } = remedy;
}
