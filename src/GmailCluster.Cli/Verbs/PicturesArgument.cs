using System.CommandLine;

namespace GmailCluster.Cli.Verbs;

/// <summary>The PICTURE argument of the verbs that use a model.</summary>
internal static class PicturesArgument
{
    /// <summary>A new argument; one belongs to one verb.</summary>
    /// <param name="isRequired">Whether there must be at least one.</param>
    public static Argument<string[]> Create(bool isRequired = true) => new("PICTURE")
    {
        Description = "Pictures, folders of pictures, or WebDataset tars. One that cannot be read is told and passed over; the exit code is then 2.",
        Arity = isRequired ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
    };
}
