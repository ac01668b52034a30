namespace GmailCluster.Data.Tokenizers.Pipeline;

/// <summary>A token that is found in the text before anything else happens to it.</summary>
internal sealed record AddedToken(int Id, string Content)
{
    public bool SingleWord { get; init; }

    public bool LStrip { get; init; }

    public bool RStrip { get; init; }

    /// <summary>Whether it is looked for in the normalised text instead of the text as given.</summary>
    public bool Normalized { get; init; }

    public bool Special { get; init; }
}
