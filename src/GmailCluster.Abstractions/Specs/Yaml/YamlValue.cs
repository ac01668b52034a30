namespace GmailCluster.Specs.Yaml;

/// <summary>A YAML value and where it begins. Lines count from 1.</summary>
internal abstract record YamlValue(int Line)
{
    /// <summary>What to call it in a message.</summary>
    public abstract string Kind { get; }
}

/// <summary>One word, number or text.</summary>
internal sealed record YamlScalar(int Line, string Text, bool IsPlain) : YamlValue(Line)
{
    public override string Kind => $"'{Shown}'";

    /// <summary>True for a key with nothing behind it.</summary>
    public bool IsEmpty => IsPlain && Text.Length == 0;

    /// <summary>True for an unquoted <c>null</c> or <c>~</c>.</summary>
    public bool IsNull => IsPlain && Text is "null" or "~";

    /// <summary>The text, cut where it would fill the screen.</summary>
    public string Shown => Text.Length <= 60 ? Text : $"{Text[..57]}...";
}

/// <summary>A list.</summary>
internal sealed record YamlList(int Line, IReadOnlyList<YamlValue> Items) : YamlValue(Line)
{
    public override string Kind => "a list";
}

/// <summary>Keys and values, in the order written; a key may still be there twice.</summary>
internal sealed record YamlMap(int Line, IReadOnlyList<YamlEntry> Entries) : YamlValue(Line)
{
    public override string Kind => "a group of keys";
}

/// <summary>A key with its value.</summary>
internal sealed record YamlEntry(string Key, int Line, YamlValue Value);
